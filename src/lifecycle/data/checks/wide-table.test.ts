import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openBench } from './check.fixture.ts'

describe('a suite of thousands of checks', async () => {
  const bench = await openBench()
  after(() => bench[Symbol.asyncDispose]())
  const names = Array.from({ length: 3000 }, (_, index) => `c${index}`)
  const query = `SELECT ${names.map((name, index) => `${index === 2999 ? 'CASE WHEN r > 1 THEN r END' : 'r'} AS ${name}`).join(', ')} FROM range(5) t(r)`

  it('is computed column by column, and one bad check breaks no other', async () => {
    const { checks, outcome } = await bench.judge(query, [
      { not_null: names },
      { between: { column: 'c1', minimum: 0 }, where: 'nonsense > 1' },
    ])
    assert.equal(outcome, 'fail')
    assert.equal(checks.length, 3001)
    assert.deepEqual(
      checks
        .filter((check) => check.outcome !== 'pass')
        .map(({ kind, outcome: one, columns }) => [kind, one, ...columns]),
      [
        ['not_null', 'fail', 'c2999'],
        ['between', 'error', 'c1'],
      ],
    )
  })

  it('keeps a condition to one expression', async () => {
    for (const where of [
      'true) OR (true',
      '1; DROP TABLE arrival_rows',
      'c1 > 0 GROUP BY c1',
      '*',
      'c1 AS x',
      'true --\n) x',
      '(SELECT 1) UNION SELECT 2',
    ]) {
      const { outcome, found } = await bench.only('SELECT 1 AS c1', [{ not_null: 'c1', where }])
      assert.equal(outcome, 'error', `${where}: ${found}`)
    }
    const { outcome } = await bench.only('SELECT 1 AS c1', [
      { not_null: 'c1', where: 'c1 = 2 OR c1 IN (SELECT 1) -- one' },
    ])
    assert.equal(outcome, 'pass')
  })
})
