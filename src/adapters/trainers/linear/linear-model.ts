import { floatTensor, node } from '#platform/onnx/index'
import type { Node, Tensor } from '#platform/onnx/index'
import type { Importance, RawFeature, ScoreGraph, Task, TrainingTable } from '#lifecycle/training/index'
import { encodeLevels } from '../category-codes.ts'
import { buildMatrix, multiply } from './design.ts'
import type { Term } from './design.ts'
import type { WeightedRows } from './weighted-rows.ts'

export interface LinearModel {
  readonly task: Task
  readonly terms: readonly Term[]
  /** By column of the design matrix; 0 is the intercept. */
  readonly weights: Float64Array
}

export function scoreLinear(
  model: LinearModel,
  table: Pick<TrainingTable, 'rows' | 'features'>,
): Float64Array {
  const scores = new Float64Array(table.rows)
  multiply(buildMatrix(model.terms, table), model.weights, scores)
  if (model.task === 'binary')
    for (let i = 0; i < scores.length; i++) scores[i] = 1 / (1 + Math.exp(-(scores[i] as number)))
  return scores
}

/** How far each feature moves the score: the standard deviation of its part over the rows, whatever its kind. */
export function linearImportance(model: LinearModel, rows: WeightedRows): Importance[] {
  const part = new Float64Array(rows.rows)
  return partsOf(model).map(({ term, columns }, f) => {
    const feature = rows.features[f]
    const weights = new Float64Array(columns.length + 1)
    weights.set(columns, 1)
    if (feature !== undefined)
      multiply(buildMatrix([term], { rows: rows.rows, features: [feature] }), weights, part)
    const meanOf = (value: (score: number) => number): number =>
      part.reduce((sum, score, i) => sum + value(score) * (rows.weights[i] as number), 0) / rows.totalWeight
    const mean = meanOf((score) => score)
    return { feature: term.name, gain: Math.sqrt(meanOf((score) => (score - mean) ** 2)) }
  })
}

/** Each term with its own columns' weights. */
function partsOf({ terms, weights }: LinearModel): { term: Term; columns: Float64Array }[] {
  let next = 1
  return terms.map((term) => {
    const size = term.kind === 'category' ? term.levels.length : term.hasMissing ? 2 : 1
    next += size
    return { term, columns: weights.subarray(next - size, next) }
  })
}

/**
 * Every feature adds one number: a category by looking its level's weight up, a column of numbers by a product, with
 * the centre in place of missing values.
 */
export function linearGraph(model: LinearModel, features: readonly RawFeature[]): ScoreGraph {
  const nodes: Node[] = []
  const initializers: Tensor[] = [floatTensor('internal/intercept', [1, 1], [model.weights[0] as number])]
  const addends = partsOf(model).map(({ term, columns }, f) => {
    const feature = features[f] as RawFeature
    const part = `internal/part_${f}`
    if (term.kind === 'category')
      nodes.push(encodeLevels(feature, part, { levels: term.levels, values: columns, otherwise: 0 }))
    else {
      const parts = numberPart({ feature, term, columns, at: f })
      nodes.push(...parts.nodes)
      initializers.push(...parts.initializers)
    }
    return part
  })
  const last = model.task === 'binary' ? 'internal/margin' : 'internal/score'
  nodes.push(node({ type: 'Sum' }, { inputs: [...addends, 'internal/intercept'], outputs: [last] }))
  if (model.task === 'binary')
    nodes.push(node({ type: 'Sigmoid' }, { inputs: [last], outputs: ['internal/score'] }))
  return { nodes, initializers, score: 'internal/score' }
}

interface NumberPart {
  readonly feature: RawFeature
  readonly term: Extract<Term, { kind: 'number' }>
  readonly columns: Float64Array
  readonly at: number
}

function numberPart({ feature, term, columns, at }: NumberPart): { nodes: Node[]; initializers: Tensor[] } {
  const wire = (name: string): string => `internal/${name}_${at}`
  const [slope = 0, missing = 0] = columns
  return {
    initializers: [
      floatTensor(wire('center'), [1], [term.center]),
      floatTensor(wire('slope'), [1], [slope / term.deviation]),
      floatTensor(wire('if_missing'), [1], [missing]),
    ],
    nodes: [
      node({ type: 'IsNaN' }, { inputs: [feature.name], outputs: [wire('is_missing')] }),
      node({ type: 'Sub' }, { inputs: [feature.name, wire('center')], outputs: [wire('centered')] }),
      node({ type: 'Mul' }, { inputs: [wire('centered'), wire('slope')], outputs: [wire('known')] }),
      node(
        { type: 'Where' },
        { inputs: [wire('is_missing'), wire('if_missing'), wire('known')], outputs: [wire('part')] },
      ),
    ],
  }
}
