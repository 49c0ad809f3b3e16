import assert from 'node:assert/strict'
import { appendFile, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { PredictionLog, type PredictionLogOptions } from './prediction-log.ts'
import { systemClock } from '#platform/clock'
import { noLogFigures } from '../deployment/log.ts'
import { createSegmentFile, segmentFileOn, type SegmentFile } from './segment-file.ts'
import { readPredictions } from './read-predictions.ts'
import { listSegments, predictionDirectory } from './segments.ts'

async function logDirectory(t: TestContext): Promise<string> {
  const state = await mkdtemp(join(tmpdir(), 'prediction-log-'))
  t.after(() => rm(state, { recursive: true, force: true }))
  return predictionDirectory(state, 'flights')
}

async function openLog(
  t: TestContext,
  options: Partial<PredictionLogOptions> & { directory: string },
): Promise<PredictionLog> {
  const log = await PredictionLog.open({ segmentBytes: 1_000_000, clock: systemClock, ...options })
  t.after(() => log.close())
  return log
}

/** Calls `after` behind each write to a segment. */
const watched =
  (after: (path: string) => void | Promise<void>) =>
  async (path: string): Promise<SegmentFile> => {
    const file = await createSegmentFile(path)
    return {
      ...file,
      append: async (bytes) => {
        await file.append(bytes)
        await after(path)
      },
    }
  }

const line = (id: number | string): string => `${JSON.stringify({ id: String(id) })}\n`

async function idsIn(directory: string): Promise<string[]> {
  return (await readPredictions({ directory, limit: 1_000_000 })).records.map((record) => record.id)
}

test('has on disk what it has confirmed, in order', async (t) => {
  const directory = await logDirectory(t)
  const log = await openLog(t, { directory })
  const ids = Array.from({ length: 500 }, (_, index) => String(index))
  await Promise.all(ids.map((id) => log.append(line(id), 1)))
  assert.deepEqual(await idsIn(directory), ids)
  assert.deepEqual(log.figures, { ...noLogFigures, written: 500 })
})

test('writes what comes in one tick, or while a write runs, with one synced write', async (t) => {
  const directory = await logDirectory(t)
  const syncs: string[] = []
  const log = await openLog(t, {
    directory,
    createSegment: watched((path) => void syncs.push(path)),
  })
  const first = Array.from({ length: 100 }, (_, index) => log.append(line(index), 1))
  while (syncs.length === 0) await new Promise((resolve) => setImmediate(resolve))
  const second = Array.from({ length: 100 }, (_, index) => log.append(line(index + 100), 1))
  await Promise.all([...first, ...second])
  assert.equal(syncs.length, 2)
})

test('starts a new segment when one is full and when the log is opened again', async (t) => {
  const directory = await logDirectory(t)
  const log = await openLog(t, { directory, segmentBytes: 30 })
  for (let id = 0; id < 6; id++) await log.append(line(id), 1)
  await log.close()
  const reopened = await openLog(t, { directory })
  await reopened.append(line(6), 1)
  const sequences = (await listSegments(directory)).map((segment) => segment.sequence)
  assert.deepEqual(sequences, [1, 2, 3])
  assert.deepEqual(await idsIn(directory), ['0', '1', '2', '3', '4', '5', '6'])
})

test('cuts off a line that was torn by a crash, and counts it', async (t) => {
  const directory = await logDirectory(t)
  const log = await openLog(t, { directory })
  await log.append(line('whole'), 1)
  await log.close()
  const [segment] = await listSegments(directory)
  assert.ok(segment)
  await appendFile(segment.path, `{"id": "${'torn'.repeat(50_000)}`)
  assert.deepEqual(await idsIn(directory), ['whole'], 'the reader never returns it')
  const reopened = await openLog(t, { directory })
  assert.equal(await readFile(segment.path, 'utf8'), line('whole'))
  assert.equal(reopened.figures.tornLinesCut, 1)
  await reopened.append(line('after'), 1)
  assert.deepEqual(await idsIn(directory), ['whole', 'after'])
})

test('is read on from a cursor, page by page, across segments and while it grows', async (t) => {
  const directory = await logDirectory(t)
  assert.deepEqual(await readPredictions({ directory, limit: 10 }), {
    records: [],
    next: undefined,
    unreadable: 0,
  })
  const log = await openLog(t, { directory, segmentBytes: 40 })
  for (let id = 0; id < 7; id++) await log.append(line(id), 1)
  const pages: string[][] = []
  let after: Awaited<ReturnType<typeof readPredictions>>['next']
  for (let page = 0; page < 4; page++) {
    const read = await readPredictions({ directory, limit: 2, ...(after === undefined ? {} : { after }) })
    pages.push(read.records.map((record) => record.id))
    after = read.next
  }
  assert.deepEqual(pages, [['0', '1'], ['2', '3'], ['4', '5'], ['6']])
  assert.ok(after)
  assert.deepEqual((await readPredictions({ directory, limit: 2, after })).records, [])
  await log.append(line('new'), 1)
  assert.deepEqual((await readPredictions({ directory, limit: 2, after })).records, [{ id: 'new' }])
})

test('counts a line that a damaged disk has changed, and reads the others', async (t) => {
  const directory = await logDirectory(t)
  const log = await openLog(t, { directory })
  await log.append(line(1) + line(2), 2)
  const [segment] = await listSegments(directory)
  assert.ok(segment)
  await writeFile(segment.path, `\0\0\0\n${line(2)}`)
  const { records, unreadable } = await readPredictions({ directory, limit: 10 })
  assert.deepEqual([records, unreadable], [[{ id: '2' }], 1])
})

test('reads lines longer than its buffer', async (t) => {
  const directory = await logDirectory(t)
  const log = await openLog(t, { directory })
  const long = 'x'.repeat(3_000_000)
  await log.append(line('before') + line(long) + line('after'), 3)
  assert.deepEqual(await idsIn(directory), ['before', long, 'after'])
})

test(
  'confirms nothing on a full disk, counts the loss, and goes on when there is space',
  { skip: !existsSync('/dev/full') },
  async (t) => {
    const directory = await logDirectory(t)
    let full = true
    // Every write to /dev/full fails with ENOSPC.
    const log = await openLog(t, {
      directory,
      createSegment: async (path) =>
        full ? segmentFileOn(await open('/dev/full', 'a')) : createSegmentFile(path),
    })
    const results = await Promise.allSettled([log.append(line(1), 1), log.append(line(2) + line(3), 2)])
    for (const result of results) {
      assert.equal(result.status, 'rejected')
      assert.equal((result.reason as { code: string }).code, 'storage_full')
      assert.match((result.reason as Error).message, /ENOSPC/)
    }
    const { problem, ...counts } = log.figures
    assert.deepEqual(counts, { ...noLogFigures, lost: 3 })
    assert.match(problem ?? '', /ENOSPC/)
    full = false
    await log.append(line(4), 1)
    assert.equal(log.figures.problem, undefined)
    assert.deepEqual(await idsIn(directory), ['4'])
  },
)

test('takes back what a failed sync left in the file', async (t) => {
  const directory = await logDirectory(t)
  let failing = false
  const log = await openLog(t, {
    directory,
    // The bytes are in the file already when the disk says that it could not keep them.
    createSegment: watched(() => {
      if (!failing) return
      failing = false
      throw new Error('EIO: i/o error')
    }),
  })
  await log.append(line('kept'), 1)
  failing = true
  await assert.rejects(log.append(line('lost'), 1), { code: 'storage_full' })
  await log.append(line('next'), 1)
  assert.deepEqual(await idsIn(directory), ['kept', 'next'])
})
