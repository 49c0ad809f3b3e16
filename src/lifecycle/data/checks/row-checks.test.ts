import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { createRandom } from '#platform/random'
import { openBench } from './check.fixture.ts'
import type { WrittenExpectation } from './expectation.ts'

type Value = number | string | null
interface RowOfTable {
  readonly n: number | null
  readonly m: number | null
  readonly t: string | null
}

/** The same checks, said in TypeScript: which rows are considered, and which of them are unexpected. */
interface Evaluator {
  readonly written: WrittenExpectation
  readonly considered: (row: RowOfTable) => boolean
  readonly unexpected: (row: RowOfTable) => boolean
}

const isMissing = (value: Value): boolean =>
  value === null || (typeof value === 'number' && Number.isNaN(value))

const evaluators: readonly Evaluator[] = [
  { written: { not_null: 'n' }, considered: () => true, unexpected: ({ n }) => isMissing(n) },
  { written: { is_null: 't' }, considered: () => true, unexpected: ({ t }) => !isMissing(t) },
  {
    written: { not_missing: { columns: 't', tokens: ['NA', ''] } },
    considered: () => true,
    unexpected: ({ t }) => t === null || t === 'NA' || t === '',
  },
  {
    written: { between: { column: 'n', minimum: -1, maximum: 2, strict_maximum: true } },
    considered: ({ n }) => !isMissing(n),
    unexpected: ({ n }) => Number(n) < -1 || Number(n) >= 2,
  },
  {
    written: { between: { column: 'n', maximum: 1 }, where: 'm > 0' },
    considered: ({ n, m }) => !isMissing(n) && m !== null && m > 0,
    unexpected: ({ n }) => Number(n) > 1,
  },
  {
    written: { in_set: { column: 't', values: ['a', 'ab'] } },
    considered: ({ t }) => t !== null,
    unexpected: ({ t }) => t !== 'a' && t !== 'ab',
  },
  {
    written: { not_in_set: { column: 'n', values: [0, 1.5] } },
    considered: ({ n }) => !isMissing(n),
    unexpected: ({ n }) => n === 0 || n === 1.5,
  },
  {
    written: { matches: { column: 't', pattern: '^a' } },
    considered: ({ t }) => t !== null,
    unexpected: ({ t }) => t?.startsWith('a') !== true,
  },
  {
    written: { length: { column: 't', at_least: 1, at_most: 2 } },
    considered: ({ t }) => t !== null,
    unexpected: ({ t }) => (t ?? '').length < 1 || (t ?? '').length > 2,
  },
  {
    written: { greater_than: { column: 'n', other: 'm' } },
    considered: ({ n, m }) => !isMissing(n) || !isMissing(m),
    unexpected: ({ n, m }) => isMissing(n) || isMissing(m) || !(Number(n) > Number(m)),
  },
  {
    written: { equal_columns: { columns: ['n', 'm'], ignore: 'either_missing' } },
    considered: ({ n, m }) => !isMissing(n) && !isMissing(m),
    unexpected: ({ n, m }) => n !== m,
  },
  {
    written: { sum_equals: { columns: ['n', 'm'], total: 1, ignore: 'never' } },
    considered: () => true,
    unexpected: ({ n, m }) => isMissing(n) || isMissing(m) || Number(n) + Number(m) !== 1,
  },
]

const literal = (value: Value, type: string): string => {
  if (value === null) return `CAST(NULL AS ${type})`
  if (typeof value === 'string') return `'${value}'`
  return Number.isNaN(value) ? `'nan'::DOUBLE` : `${value}::${type}`
}

describe('the checks of rows', async () => {
  const bench = await openBench()
  after(() => bench[Symbol.asyncDispose]())

  it('agree with the same said in TypeScript, on tables drawn by lot', async () => {
    const random = createRandom(20260101)
    const pick = <T>(choices: readonly T[]): T => choices[random.below(choices.length)] as T
    for (let round = 0; round < 25; round++) {
      const rows = Array.from({ length: 1 + random.below(8) }, (): RowOfTable => ({
        n: pick([null, Number.NaN, -2, -1, 0, 1, 1.5, 2, 3]),
        m: pick([null, -1, 0, 1, 2]),
        t: pick([null, '', 'NA', 'a', 'ab', 'abc', 'b']),
      }))
      const values = rows.map(
        ({ n, m, t }) => `(${literal(n, 'DOUBLE')}, ${literal(m, 'INTEGER')}, ${literal(t, 'VARCHAR')})`,
      )
      const { checks } = await bench.judge(
        `SELECT * FROM (VALUES ${values.join(', ')}) v(n, m, t)`,
        evaluators.map(({ written }) => written),
      )
      for (const [index, { written, considered, unexpected }] of evaluators.entries()) {
        const looked = rows.filter(considered)
        const wrong = looked.filter(unexpected)
        const { considered: found, unexpected: bad, outcome, samples } = checks[index] ?? assert.fail()
        const where = `${JSON.stringify(written)} on ${JSON.stringify(rows)}`
        assert.deepEqual([found, bad], [looked.length, wrong.length], where)
        assert.equal(outcome, wrong.length === 0 ? 'pass' : 'fail', where)
        assert.equal(samples.length, Math.min(5, wrong.length), where)
      }
    }
  })
})
