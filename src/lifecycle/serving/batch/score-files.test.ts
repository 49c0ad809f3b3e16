import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import { openTables, quoteText, type Tables } from '#platform/tables/index'
import type { LoadedModel } from '../model-runtime-point.ts'
import { flightModel, flightProbability, flightSignature } from '../process/fixtures/small-models.ts'
import { scoreFiles } from './score-files.ts'

let folder = ''
let tables: Tables
let model: LoadedModel
const runtime = createOnnxRuntime({ threads: 1 })

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'batch-'))
  tables = await openTables({ allowedDirectories: [folder], temporaryDirectory: join(folder, 'tables') })
  model = await runtime.load({
    label: 'flights v1',
    signature: flightSignature,
    format: undefined,
    paths: ['model.onnx'],
    read: () => Promise.resolve(flightModel(0)),
  })
})
after(async () => {
  tables.close()
  await model.release()
  await runtime.close()
  await rm(folder, { recursive: true, force: true })
})

const flights = `SELECT range AS id, CAST(range % 3000 AS BIGINT) AS distance, 12 AS hour, NULL::DOUBLE AS load, range % 7 > 4 AS weekend,
  ['ATL', 'JFK', 'ORD'][1 + range % 3] AS origin, NULL::VARCHAR AS gate FROM range(%rows)`

async function write(name: string, sql: string, options = ''): Promise<string> {
  const path = join(folder, name)
  await tables.run(`COPY (${sql}) TO ${quoteText(path)} (FORMAT parquet${options})`)
  return path
}

function score(
  files: readonly string[],
  directory: string,
  changed: Partial<Parameters<typeof scoreFiles>[0]> = {},
) {
  return scoreFiles({
    files,
    model,
    label: 'flights v1',
    signature: flightSignature,
    directory: join(folder, directory),
    signal: new AbortController().signal,
    progress: () => undefined,
    ...changed,
  })
}

test('every row of every file gets its own score, beside all of its columns, in the order of the files', async () => {
  const first = await write('a.parquet', flights.replace('%rows', '300000'), ', ROW_GROUP_SIZE 50000')
  const second = await write(
    'b.parquet',
    flights.replace('%rows', '3000').replace('range AS id', 'range + 300000 AS id'),
  )
  const { rows, refused, parts } = await score([first, second], 'ordered')
  assert.deepEqual([rows, refused, parts.length], [303_000, 0, 3])
  const written = `read_parquet([${parts.map(({ path }) => quoteText(path)).join(', ')}], file_row_number = true)`
  assert.deepEqual(
    await tables.rows(
      `SELECT count(*) AS rows, count(DISTINCT id) AS ids, any_value(model_version) AS model, bool_and(score_error IS NULL) AS whole FROM ${written}`,
    ),
    [{ rows: 303_000, ids: 303_000, model: 'flights v1', whole: true }],
  )
  const some = await tables.rows(
    `SELECT id, distance, origin, probability, label FROM ${written} WHERE id % 9973 = 0 ORDER BY id`,
  )
  assert.equal(some.length, 31)
  for (const row of some) {
    const expected = flightProbability(0, {
      distance: Number(row['distance']),
      origin: row['origin'] as string,
    })
    assert.ok(Math.abs(Number(row['probability']) - expected) < 1e-6, JSON.stringify(row))
    assert.equal(row['label'], expected >= 0.5 ? 1 : 0)
  }
  let expectedId = 0
  for (const { path, rows: partRows } of parts) {
    const [edge] = await tables.rows(
      `SELECT min(id) AS low, max(id) AS high, bool_and(id = file_row_number + ${expectedId}) AS ordered FROM read_parquet(${quoteText(path)}, file_row_number = true)`,
    )
    assert.deepEqual(edge, { low: expectedId, high: expectedId + partRows - 1, ordered: true })
    expectedId += partRows
  }
})

test('a row that the signature refuses has the reason, and its neighbours have their scores', async () => {
  const file = await write(
    'bad.parquet',
    `SELECT range AS id, CASE WHEN range = 2 THEN NULL ELSE 1000 END AS distance, CASE WHEN range = 4 THEN 1.5 ELSE 7 END AS hour,
      CASE WHEN range = 5 THEN NULL ELSE 'ATL' END AS origin, 'mine' AS label FROM range(7)`,
  )
  const { refused, parts } = await score([file], 'bad')
  assert.equal(refused, 3)
  const rows = await tables.rows(
    `SELECT id, label, round(CAST(probability AS DOUBLE), 3) AS p, predicted_label AS predicted, score_error AS why FROM ${quoteText(parts[0]?.path ?? '')} ORDER BY id`,
  )
  const good = { label: 'mine', p: 0.881, predicted: 1, why: null }
  const bad = (why: string) => ({ label: 'mine', p: null, predicted: null, why })
  assert.deepEqual(
    rows.map(({ label, p, predicted, why }) => ({ label, p, predicted, why })),
    [
      good,
      good,
      bad('distance is missing'),
      good,
      bad('hour is 1.5, which is no integer'),
      bad('origin is missing'),
      good,
    ],
  )
})

test('columns that the model cannot take are refused before any row is read', async () => {
  const missing = await write('missing.parquet', `SELECT 1 AS distanc, 2 AS hour, 'ATL' AS origin`)
  await assert.rejects(score([missing], 'missing'), {
    code: 'invalid_input',
    at: 'distance',
    hint: 'Did you mean "distanc"? Rename it with a query.',
  })
  const text = await write('text.parquet', `SELECT 'far' AS distance, 2 AS hour, 'ATL' AS origin`)
  await assert.rejects(score([text], 'text'), {
    code: 'invalid_input',
    message: /takes "distance" as long.*VARCHAR/,
  })
})

test('a failing model fails the batch, and a table without rows makes nothing', async () => {
  const file = await write('few.parquet', flights.replace('%rows', '10'))
  const broken = { ...model, score: () => Promise.reject(new Error('out of order')) }
  await assert.rejects(score([file], 'broken', { model: broken }), /out of order/)
  const empty = await write('none.parquet', flights.replace('%rows', '0'))
  assert.deepEqual(await score([empty], 'empty'), { rows: 0, refused: 0, parts: [] })
})

test('killed whenever it may be, a batch goes on and scores each row once', async () => {
  const source = await write('kill.parquet', flights.replace('%rows', '600000'), ', ROW_GROUP_SIZE 61440')
  const directory = join(folder, 'killed')
  const script = join(import.meta.dirname, 'scoring-child.fixture.ts')
  let kills = 0
  let last = ''
  for (const delayMs of [100, 300, undefined]) {
    const child = spawn(process.execPath, ['--conditions=source', script, source, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.on('data', (data: Buffer) => (last = data.toString()))
    const exit = once(child, 'exit')
    if (delayMs !== undefined) {
      // Counted from its first finished part, so that it dies in the midst of one.
      await Promise.race([once(child.stdout, 'data'), exit])
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      if (child.exitCode === null) kills++
      child.kill('SIGKILL')
    }
    await exit
  }
  assert.ok(kills >= 1, `killed ${kills} times`)
  assert.match(last, /whole 600000 3/)
  assert.deepEqual(
    await tables.rows(
      `SELECT count(*) AS rows, count(DISTINCT id) AS ids, sum(CASE WHEN probability IS NULL THEN 1 ELSE 0 END) AS unscored FROM ${quoteText(join(directory, 'part-*.parquet'))}`,
    ),
    [{ rows: 600_000, ids: 600_000, unscored: 0 }],
  )
})
