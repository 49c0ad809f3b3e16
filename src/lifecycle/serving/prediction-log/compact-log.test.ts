import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '#platform/clock'
import { columnarDirectory, readIndex } from './columnar-index.ts'
import { compactLog } from './compact-log.ts'
import { signature, writeLog, type Row } from './prediction-log.fixture.ts'
import { mergeColumnar } from './merge-columnar.ts'
import { withColumnar } from './read-columnar.ts'
import { endOfPredictions, readPredictions, type PredictionCursor } from './read-predictions.ts'
import { listSegments } from './segments.ts'

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'compact-log-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const signatureOf = () => Promise.resolve(signature)
const rows = (count: number, from = 0): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: `r${from + index}` }))

async function idsIn(directory: string): Promise<string[]> {
  return (await readPredictions({ directory, limit: 1_000_000 })).records.map(({ id }) => id)
}

test('gives back every record as it was logged, when its segment has become a Parquet file', async (t) => {
  const directory = await folder(t)
  const odd = ['quote"d', "it's", 'a/b~c', 'null', '', 'ünï', '***']
  const records: Row[] = [
    { id: 'plain' },
    { id: 'absent', inputs: { distance: null, carrier: null, on_time: null, day: null, legs: null } },
    ...odd.map((carrier, index) => ({
      id: `odd${index}`,
      inputs: { carrier: carrier === '' ? null : carrier },
    })),
    { id: 'extreme', inputs: { distance: 1.7976931348623157e308, legs: 9007199254740991 } },
    { id: 'tiny', inputs: { distance: -4.9e-324 }, outputs: { probability: null } },
    { id: 'facts', event_time: Date.UTC(2001, 3, 6), key: 'UA', caller: 'me', trace_id: 'ab', weight: 10 },
    { id: 'list', version: 3, outputs: { probabilities: [0.1, 0.9, null], words: ['a', '1'] } },
    { id: 'hashed', inputs: { legs: 'a hash in place of a number' } },
    { id: 'canary', version: 2, inputs: { only_in_version_2: true } },
  ]
  await writeLog(directory, [records, rows(1)])
  const before = await readPredictions({ directory, limit: 100 })
  assert.equal(await compactLog({ directory, signatureOf, clock: systemClock }), 1)
  assert.deepEqual(
    (await listSegments(directory)).map(({ sequence }) => sequence),
    [2],
  )
  const after = await readPredictions({ directory, limit: 100 })
  assert.deepEqual(after.records, before.records)
  assert.deepEqual(after.next, before.next)
})

test('types its columns by the signature, under names that SQL can ask for', async (t) => {
  const directory = await folder(t)
  await writeLog(directory, [[{ id: 'one', event_time: Date.UTC(2001, 3, 6) }], rows(1)])
  await compactLog({ directory, signatureOf, clock: systemClock })
  const files = `${columnarDirectory(directory)}/*/*.parquet`
  const found = await withColumnar(directory, async (tables) => ({
    columns: await tables.columns(`SELECT * FROM read_parquet('${files}', hive_partitioning = true)`),
    rows: await tables.rows(
      `SELECT "inputs.distance", "inputs.day", event_time, day FROM read_parquet('${files}', hive_partitioning = true)`,
    ),
  }))
  const types = new Map(found.columns.map(({ name, type }) => [name, type]))
  const wanted = ['inputs.distance', 'inputs.carrier', 'inputs.on_time', 'inputs.day', 'inputs.legs', 'time']
  assert.deepEqual(
    wanted.map((name) => types.get(name)),
    ['DOUBLE', 'VARCHAR', 'BOOLEAN', 'TIMESTAMP', 'BIGINT', 'TIMESTAMP'],
  )
  const [row] = found.rows
  assert.equal(row?.['inputs.distance'], 719.5)
  assert.match(row?.['event_time'] as string, /^2001-04-06/)
  assert.match(row?.['day'] as string, /^2026-01-02/)
})

test('keeps the first of an id that was sent again, also when it is in a file already', async (t) => {
  const directory = await folder(t)
  const first = { id: 'again', inputs: { distance: 1 } }
  const second = { id: 'again', inputs: { distance: 2 } }
  await writeLog(directory, [[first, second, { id: 'other' }], rows(1)])
  await compactLog({ directory, signatureOf, clock: systemClock })
  await writeLog(directory, [[second, { id: 'third' }], rows(1)])
  await compactLog({ directory, signatureOf, clock: systemClock })
  const { records } = await readPredictions({ directory, limit: 100 })
  const distances = records.map(({ id, inputs }) => [id, inputs['distance']])
  assert.deepEqual(distances.slice(0, 2), [
    ['again', 1],
    ['other', 719.5],
  ])
  assert.equal(records.filter(({ id }) => id === 'again').length, 1)
  assert.deepEqual(
    (await readIndex(directory)).files.map(({ repeated }) => repeated),
    [1, 1],
  )
})

test('goes on reading at every cursor, wherever compaction and merging come in between', async (t) => {
  const directory = await folder(t)
  const parts = Array.from({ length: 9 }, (_, part) => rows(5, part * 5))
  await writeLog(directory, parts)
  const expected = await idsIn(directory)
  const until = await endOfPredictions(directory)
  const cursors: { cursor: PredictionCursor | undefined; read: number }[] = []
  let cursor: PredictionCursor | undefined
  for (let read = 0; read < expected.length;) {
    cursors.push({ cursor, read })
    const page = await readPredictions({ directory, limit: 3, ...(cursor && { after: cursor }), until })
    read += page.records.length
    cursor = page.next
  }
  const check = async (): Promise<void> => {
    for (const { cursor: after, read } of cursors) {
      const page = await readPredictions({ directory, limit: 1000, ...(after && { after }), until })
      assert.deepEqual(
        page.records.map(({ id }) => id),
        expected.slice(read),
      )
    }
    let [at, found] = [undefined as PredictionCursor | undefined, 0]
    for (;;) {
      const page = await readPredictions({ directory, limit: 7, ...(at && { after: at }), until })
      if (page.records.length === 0) break
      found += page.records.length
      at = page.next
    }
    assert.equal(found, expected.length)
  }
  await compactLog({ directory, signatureOf, clock: systemClock })
  await check()
  for (let more = 0; more < 4; more++) {
    await writeLog(directory, [rows(2, 100 + more * 2)])
    await compactLog({ directory, signatureOf, clock: systemClock })
  }
  assert.ok((await mergeColumnar(directory)) >= 4)
  assert.equal((await readIndex(directory)).files.length, 1)
  await check()
})

test('leaves out what is no record, and says how much that was', async (t) => {
  const directory = await folder(t)
  await writeLog(directory, [[{ id: 'good' }, 'not JSON', '{"no": "id"}'], rows(1)])
  await compactLog({ directory, signatureOf, clock: systemClock })
  assert.deepEqual(await idsIn(directory), ['good', 'r0'])
  assert.equal((await readIndex(directory)).files[0]?.unreadable, 2)
})

test('loses and doubles nothing when it is killed at any moment', async (t) => {
  const directory = await folder(t)
  const expected: string[] = []
  for (let round = 0; round < 6; round++) {
    const parts = Array.from({ length: 3 }, (_, part) => rows(20, (round * 3 + part) * 20))
    await writeLog(directory, parts)
    for (const part of parts) for (const row of part) if (typeof row !== 'string') expected.push(row.id)
    const child = fork(join(import.meta.dirname, 'compact-child.fixture.ts'), [directory], {
      stdio: 'ignore',
    })
    const exited = once(child, 'exit')
    // From its first step until after its last.
    await once(child, 'message')
    await Promise.race([exited, pause(round * 35)])
    child.kill('SIGKILL')
    await exited
    assert.deepEqual(await idsIn(directory), expected)
  }
  await compactLog({ directory, signatureOf, clock: systemClock })
  await mergeColumnar(directory)
  assert.deepEqual(await idsIn(directory), expected)
})
