import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openTables } from '#platform/tables/index'
import { runEcho } from '../fixtures/echo-process.ts'
import { rowSchema } from '../rows/row-schema.ts'
import { parquetBodies } from './parquet-body.ts'

const type = { 'content-type': 'application/vnd.apache.parquet' }

async function folderOf(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parquet-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

async function parquetOf(t: TestContext, query: string): Promise<Buffer> {
  const folder = await folderOf(t)
  const tables = await openTables({ allowedDirectories: [folder], temporaryDirectory: folder })
  const path = join(folder, 'made.parquet')
  await tables.run(`COPY (${query}) TO '${path}' (FORMAT parquet)`)
  tables.close()
  return readFile(path)
}

const fields = [
  { name: 'number', type: 'double' as const, required: false },
  { name: 'whole', type: 'long' as const, required: true },
  { name: 'text', type: 'string' as const, required: false },
  { name: 'at', type: 'datetime' as const, required: true },
  { name: 'pair', type: 'float' as const, required: true, shape: [2] },
]
const row = `9007199254740993 AS whole, 'ATL' AS text, TIMESTAMP '2001-06-30 15:45:00' AS at, [1.5::FLOAT, 2.5::FLOAT] AS pair`

test('reads rows from Parquet as from JSON', async (t) => {
  const { url } = await runEcho(t, { model: fields })
  const body = await parquetOf(
    t,
    `SELECT 'nan'::DOUBLE AS number, ${row}, 1 AS other UNION ALL SELECT 0.5::DOUBLE, ${row}, 2`,
  )
  const answer = await fetch(`${url}/invocations`, { method: 'POST', body, headers: type })
  assert.equal(answer.status, 200)
  const time = Date.UTC(2001, 5, 30, 15, 45)
  assert.equal(
    await answer.text(),
    `{"predictions":[${['null', '0.5'].map((number) => `{"number":${number},"whole":9007199254740993,"text":"ATL","at":${time},"pair":[1.5,2.5]}`).join(',')}]}`,
  )
})

test('refuses what is no Parquet, lacks a column or has one of another kind, and keeps nothing', async (t) => {
  const folder = await folderOf(t)
  const bodies = parquetBodies(folder)
  const schema = rowSchema({ inputs: fields, outputs: [{ name: 'y', type: 'float' }] })
  const good = await parquetOf(t, `SELECT ${row}`)
  const torn = Buffer.concat([good.subarray(0, 40), good.subarray(60)])
  const cases: readonly [Buffer, RegExp][] = [
    [Buffer.from('no parquet at all'), /not a Parquet file/],
    [torn, /Parquet body cannot be read/],
    [good.subarray(0, good.length - 9), /Parquet body cannot be read/],
    [await parquetOf(t, 'SELECT {a: 1} AS whole'), /"whole" has the type STRUCT/],
    [await parquetOf(t, 'SELECT [1::FLOAT, 2, 3] AS pair'), /"pair" is too large: 3 of at most 2/],
    [await parquetOf(t, 'SELECT range AS whole FROM range(200)'), /200 rows are more than the 100/],
    [
      await parquetOf(t, `SELECT repeat('x', 2000000) AS text FROM range(50)`),
      /"text" is too large: 100000000/,
    ],
  ]
  for (const [body, pattern] of cases) await assert.rejects(bodies.read(body, schema, 100), pattern)
  assert.equal((await bodies.read(good, schema, 100)).length, 1)
  assert.deepEqual(await readdir(folder), [])
})
