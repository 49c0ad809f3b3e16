import * as z from 'zod'
import { floatTensor, node, tensorOf } from '#platform/onnx/index'
import type { FitInput, RawFeature, ScoreGraph, Trainer, TrainingTable } from '#lifecycle/training/index'

/** A model that any other must beat: it does not look at the features. */
interface Constant {
  readonly score: number
}

const parameters = z.strictObject({})

type Parameters = z.infer<typeof parameters>

export const majority: Trainer<Parameters, Constant> = {
  name: 'majority',
  summary: 'Gives every row the share of positive labels; the floor for any classifier',
  tasks: ['binary'],
  parameters,
  fit,
  score,
  toGraph,
}

export const mean: Trainer<Parameters, Constant> = {
  name: 'mean',
  summary: 'Gives every row the mean label; the floor for any regression',
  tasks: ['regression'],
  parameters,
  fit,
  score,
  toGraph,
}

function fit({ table }: FitInput<Parameters>) {
  let sum = 0
  let total = 0
  for (let i = 0; i < table.rows; i++) {
    const weight = table.weight?.[i] ?? 1
    sum += weight * (table.label[i] as number)
    total += weight
  }
  const importance = table.features.map(({ name }) => ({ feature: name, gain: 0 }))
  return { state: { score: Math.fround(sum / total) }, importance, history: [] }
}

function score(state: Constant, table: Pick<TrainingTable, 'rows'>): Float64Array {
  return new Float64Array(table.rows).fill(state.score)
}

/** As many times the constant as the first column has rows. */
function toGraph(state: Constant, [first]: readonly RawFeature[]): ScoreGraph {
  return {
    nodes: [
      node({ type: 'Shape' }, { inputs: [first?.name ?? ''], outputs: ['internal/shape'] }),
      node(
        { type: 'ConstantOfShape' },
        { inputs: ['internal/shape'], outputs: ['internal/score'] },
        {
          value: tensorOf(floatTensor('', [1], [state.score])),
        },
      ),
    ],
    initializers: [],
    score: 'internal/score',
  }
}
