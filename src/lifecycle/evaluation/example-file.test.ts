import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exampleFile } from './example-file.ts'
import type { ModelScorer } from './scorer-point.ts'

test('example rows have quantiles of numbers and no texts, with what the model gave for them', async () => {
  const scorer: ModelScorer = {
    score: async (_, { columns }) => {
      const { amount, country } = columns
      assert.ok(amount?.kind === 'number' && country?.kind === 'category')
      assert.deepEqual([...country.codes], [-1, -1, -1])
      return amount.values.map((value) => value / 100)
    },
  }
  const model = {
    label: 'm',
    inputs: [
      { name: 'amount', type: 'double', required: true },
      { name: 'items', type: 'long', required: false },
      { name: 'member', type: 'boolean', required: false },
      { name: 'country', type: 'string', required: true },
    ],
    outputs: [{ name: 'probability', type: 'float' }],
    paths: [],
    read: () => Promise.reject(new Error('not read')),
  }
  const frame = {
    rows: 11,
    columns: {
      amount: { kind: 'number' as const, values: Float64Array.from({ length: 11 }, (_, i) => 100 - 10 * i) },
      items: { kind: 'number' as const, values: new Float64Array(11).fill(Number.NaN) },
      member: {
        kind: 'number' as const,
        values: Float64Array.from({ length: 11 }, (_, i) => (i > 3 ? 1 : 0)),
      },
      country: { kind: 'category' as const, codes: new Int32Array(11), levels: ['somebody@example.com'] },
    },
  }
  assert.deepEqual(JSON.parse(await exampleFile(model, frame, { scorer, output: 'probability' })), {
    rows: [
      { amount: 10, items: null, member: false, country: '' },
      { amount: 50, items: null, member: true, country: '' },
      { amount: 90, items: null, member: true, country: '' },
    ],
    outputs: [{ probability: 0.1 }, { probability: 0.5 }, { probability: 0.9 }],
  })
})
