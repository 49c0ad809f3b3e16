import * as z from 'zod'
import { floatTensor, node, tensorOf } from '#platform/onnx/index'
import type { Trainer } from './trainer-point.ts'

/** A trainer that learns the mean label; the others in this file differ from it by what goes wrong. */
const share: Trainer<{ readonly rounds: number }, number> = {
  name: 'share',
  summary: 'the mean label',
  tasks: ['binary', 'regression'],
  parameters: z.strictObject({ rounds: z.int().min(1).default(1).describe('rounds to report') }),
  foreignNames: { epochs: 'rounds' },
  fit({ table, parameters, onProgress }) {
    for (let iteration = 1; iteration <= parameters.rounds; iteration++)
      onProgress?.({ iteration, iterations: parameters.rounds, metrics: { loss: 1 / iteration } })
    const mean = table.label.reduce((sum, label) => sum + label, 0) / table.rows
    return { state: mean, importance: [], history: [{ metric: 'loss', step: 1, value: 0 }] }
  },
  score: (state, { rows }) => new Float64Array(rows).fill(state),
  toGraph: (state, [first]) => ({
    nodes: [
      node({ type: 'Shape' }, { inputs: [first?.name ?? ''], outputs: ['internal/shape'] }),
      node(
        { type: 'ConstantOfShape' },
        { inputs: ['internal/shape'], outputs: ['internal/score'] },
        { value: tensorOf(floatTensor('', [1], [state])) },
      ),
    ],
    initializers: [],
    score: 'internal/score',
  }),
}

function failing(name: string, fit: () => never): Trainer {
  return { ...(share as Trainer), name, fit }
}

/** A module of trainers, as a training thread loads it, for tests of the pool. */
export const trainers: readonly Trainer[] = [
  share,
  failing('throws', () => {
    throw new Error('a fault in the trainer')
  }),
  failing('dies', () => process.exit(7)),
  failing('hangs', () => {
    for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
  }),
]
