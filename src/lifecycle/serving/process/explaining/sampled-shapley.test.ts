import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RowBatch } from '../../model-runtime-point.ts'
import { rowSchema } from '../rows/row-schema.ts'
import { sampledShapley, type SamplingAsked } from './sampled-shapley.ts'

const fields = 4
const schema = rowSchema({
  inputs: ['a', 'b', 'c', 'd'].map((name) => ({ name, type: 'double' as const, required: true })),
  outputs: [],
})

/** Rows of four numbers, field by field. */
function batchOf(rows: readonly (readonly number[])[]): RowBatch {
  const numbers = Float64Array.from({ length: fields * rows.length }, (_, i) => {
    const row = rows[i % rows.length] ?? []
    return row[Math.floor(i / rows.length)] ?? 0
  })
  return { rows: rows.length, numbers, texts: [] }
}

/** a·b + 3·c·d·b + a: no field does anything alone but a. */
const modelled = ([a = 0, b = 0, c = 0, d = 0]: readonly number[]): number => a * b + 3 * c * d * b + a

function asked(given: Partial<SamplingAsked> & { readonly onRows?: (rows: number) => void }): SamplingAsked {
  const row = [1, 2, -1, 3]
  return {
    schema,
    rows: batchOf([row]),
    others: batchOf([
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ]),
    places: [0],
    scores: [modelled(row)],
    requestId: 'request-1',
    budgetRows: 4000,
    endAt: Infinity,
    score: async ({ rows, numbers }) => {
      given.onRows?.(rows)
      const of = (at: number) =>
        modelled(Array.from({ length: fields }, (_, field) => numbers[field * rows + at] ?? 0))
      return { width: 1, of }
    },
    ...given,
  }
}

function exactValues(): number[] {
  const [row, others] = [
    [1, 2, -1, 3],
    [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ],
  ] as const
  const value = (mask: number): number =>
    others.reduce(
      (sum, other) => sum + modelled(other.map((own, i) => ((mask >> i) & 1 ? (row[i] ?? 0) : own))) / 2,
      0,
    )
  const weights = [1 / 4, 1 / 12, 1 / 12, 1 / 4]
  return row.map((_, field) => {
    let sum = 0
    for (let mask = 0; mask < 16; mask++) {
      if ((mask >> field) & 1) continue
      const size = [0, 1, 2, 3].filter((i) => (mask >> i) & 1).length
      sum += (weights[size] ?? 0) * (value(mask | (1 << field)) - value(mask))
    }
    return sum
  })
}

test('comes near the values over all subsets, within its standard errors, and adds up exactly', async () => {
  const [row] = await sampledShapley(asked({}))
  const exact = exactValues()
  for (const [field, value] of exact.entries()) {
    const error = row?.standardErrors?.[field] ?? 0
    assert.ok(
      Math.abs((row?.contributions[field] ?? 0) - value) < 5 * error + 1e-9,
      `${field}: ${value} ± ${error}`,
    )
  }
  const sum = row?.contributions.reduce((total, value) => total + value, row.base) ?? 0
  assert.ok(Math.abs(sum - modelled([1, 2, -1, 3])) < 1e-9)
  assert.ok((row?.permutations ?? 0) > 1000)
})

test('asks the model for no more rows than the budget, in few calls', async () => {
  const calls: number[] = []
  await sampledShapley(asked({ budgetRows: 500, onRows: (rows) => calls.push(rows) }))
  const total = calls.reduce((sum, rows) => sum + rows, 0)
  assert.ok(total <= 500 && total > 480, String(total))
  assert.ok(calls.length <= 10, String(calls.length))
})

test('draws the same permutations for the same request, and others for another', async () => {
  const valuesOf = async (requestId: string) =>
    (await sampledShapley(asked({ requestId, budgetRows: 40 })))[0]?.contributions.join()
  assert.equal(await valuesOf('one'), await valuesOf('one'))
  assert.notEqual(await valuesOf('one'), await valuesOf('two'))
})

test('ends when its time is over with what it has, and says so when that is nothing', async () => {
  const [row] = await sampledShapley(asked({ endAt: -1 }))
  assert.ok((row?.permutations ?? 0) >= 2)
  const rows = Array.from({ length: 40 }, () => [1, 2, -1, 3])
  const many = asked({
    rows: batchOf(rows),
    places: rows.map(() => 0),
    scores: rows.map(modelled),
    endAt: -1,
  })
  await assert.rejects(sampledShapley(many), /of 40 rows were explained in time/)
  await assert.rejects(sampledShapley(asked({ budgetRows: 5 })), /too small for 4 fields/)
})
