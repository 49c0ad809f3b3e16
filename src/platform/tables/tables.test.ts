import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { openTables } from './index.ts'

describe('tables', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-tables-'))
  const outside = mkdtempSync(join(tmpdir(), 'devmlops-outside-'))
  writeFileSync(join(outside, 'secret.csv'), 'a\n1\n')
  const tables = await openTables({
    allowedDirectories: [directory],
    temporaryDirectory: join(directory, 'tmp'),
  })
  after(() => tables.close())

  it('reads a query into typed arrays, with missing numbers as NaN and missing text as -1', async () => {
    const frame = await tables.frame(
      "SELECT * FROM (VALUES (1, 'b', true), (NULL, 'a', NULL), (3, NULL, false)) t(n, s, b)",
    )
    assert.equal(frame.rows, 3)
    const { n, s, b } = frame.columns
    assert.deepEqual(n, { kind: 'number', values: Float64Array.of(1, Number.NaN, 3) })
    assert.deepEqual(b, { kind: 'number', values: Float64Array.of(1, Number.NaN, 0) })
    assert.deepEqual(s, { kind: 'category', codes: Int32Array.of(1, 0, -1), levels: ['a', 'b'] })
  })

  it('reads an empty result and a column of nothing but missing text', async () => {
    assert.equal((await tables.frame('SELECT 1 AS x WHERE false')).rows, 0)
    const frame = await tables.frame('SELECT CAST(NULL AS VARCHAR) AS x')
    assert.deepEqual(frame.columns['x'], { kind: 'category', codes: Int32Array.of(-1), levels: [] })
  })

  it('keeps the order of the rows over many chunks', async () => {
    const frame = await tables.frame('SELECT range AS x FROM range(100000)')
    const { x } = frame.columns
    assert.ok(x?.kind === 'number' && x.values.every((value, index) => value === index))
  })

  it('names the column whose type a model cannot read', async () => {
    await assert.rejects(
      tables.frame("SELECT TIMESTAMP '2001-01-01' AS departed"),
      /"departed" has the type TIMESTAMP/,
    )
  })

  it('lets SQL touch the allowed folders only', async () => {
    await tables.run(`COPY (SELECT 1 AS a) TO '${join(directory, 'a.parquet')}' (FORMAT parquet)`)
    assert.deepEqual(await tables.rows(`SELECT a FROM '${join(directory, 'a.parquet')}'`), [{ a: 1 }])
    await assert.rejects(
      tables.rows(`SELECT * FROM '${join(outside, 'secret.csv')}'`),
      /Permission|denied|disabled/i,
    )
    await assert.rejects(tables.run('SET enable_external_access = true'))
  })

  it('gives integers beyond 2^53 exactly and timestamps as text', async () => {
    const [row] = await tables.rows(
      "SELECT 9007199254740993::BIGINT AS big, 5::BIGINT AS small, TIMESTAMP '2001-02-03 04:05:06' AS t",
    )
    assert.deepEqual(row, { big: 9007199254740993n, small: 5, t: '2001-02-03T04:05:06.000Z' })
  })
})
