import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { openTables } from '#platform/tables/index'
import type { Platform } from '#platform/platform'
import { silentLog } from '#platform/log'
import { noTinyDisk, tinyDisk } from '#platform/tiny-disk.fixture'
import { logSettingsSchema } from '../deployment/log.ts'
import { findPrediction, newestPredictions } from '../prediction-lookup.ts'
import { readIndex } from './columnar-index.ts'
import { exportPredictions } from './export-predictions.ts'
import { recordsBetween } from './log-calls.ts'
import { createLogUpkeep } from './log-upkeep.ts'
import { logTime, signature, writeLog } from './prediction-log.fixture.ts'
import { PredictionLog } from './prediction-log.ts'
import { endOfPredictions, readPredictions } from './read-predictions.ts'
import { listSegments } from './segments.ts'

const dayMs = 86_400_000

async function folder(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'log-upkeep-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return join(directory, 'flights')
}

function upkeepOf(directory: string, log: unknown, now: number) {
  const enqueued: string[] = []
  const jobs = {
    enqueue: async ({ key }: { key: string }) => {
      enqueued.push(key)
      return { id: key }
    },
  }
  const platform = { clock: { now: () => now }, jobs, log: silentLog } as unknown as Platform
  const upkeep = createLogUpkeep({
    platform,
    logs: async () => [{ deployment: 'flights', settings: logSettingsSchema.parse(log) }],
    directoryOf: () => directory,
    signatureOf: async () => signature,
  })
  const run = async (): Promise<Record<string, unknown>> => {
    let reported = {}
    await upkeep.jobKind.run({
      job: { key: 'flights' } as never,
      signal: new AbortController().signal,
      report: async (progress) => void (reported = progress),
    })
    return reported
  }
  return { upkeep, enqueued, run }
}

test('removes what is past its time, whole files at once, and says how much', async (t) => {
  const directory = await folder(t)
  await writeLog(directory, [[{ id: 'old' }, { id: 'older', time: logTime - dayMs }], [{ id: 'open' }]])
  await upkeepOf(directory, 'before_answer', logTime).run()
  await writeLog(directory, [
    [{ id: 'late', time: logTime + 9 * dayMs }],
    [{ id: 'end', time: logTime + 9 * dayMs }],
  ])
  const { upkeep, enqueued, run } = upkeepOf(directory, { retain: '5d' }, logTime + 9 * dayMs)
  await upkeep.enqueueDue()
  assert.deepEqual(enqueued, ['flights'])
  // Of what is compacted already.
  assert.equal((await upkeep.expired({ remove: false })).rows, 2)
  const { removed } = await run()
  assert.equal((await upkeep.expired({ remove: false })).rows, 0)
  assert.equal((removed as { rows: number }).rows, 3)
  const { records } = await readPredictions({ directory, limit: 10 })
  assert.deepEqual(
    records.map(({ id }) => id),
    ['late', 'end'],
  )
  const storage = await upkeep.storage('flights')
  assert.deepEqual([storage.removedRows, storage.files, storage.rows], [3, 1, 1])
  assert.ok(storage.removedBytes > 0)
})

test('compacts the last segment too when its hour is long over, and no number is used twice', async (t) => {
  const directory = await folder(t)
  await writeLog(directory, [[{ id: 'first' }]])
  const [only] = await listSegments(directory)
  assert.ok(only)
  const before = await endOfPredictions(directory)
  const now = Date.now()
  await utimes(only.path, now / 1000, (now - 5 * 3_600_000) / 1000)
  const { upkeep, enqueued, run } = upkeepOf(directory, 'before_answer', now)
  await upkeep.enqueueDue()
  assert.deepEqual(enqueued, ['flights'])
  await run()
  assert.equal(existsSync(only.path), false)
  await writeLog(directory, [[{ id: 'second' }]])
  assert.deepEqual(
    (await listSegments(directory)).map(({ sequence }) => sequence),
    [2],
  )
  const { records } = await readPredictions({ directory, limit: 10, after: before })
  assert.deepEqual(
    records.map(({ id }) => id),
    ['second'],
  )
})

test('finds a prediction by its id and the newest ones in files of both kinds', async (t) => {
  const directory = await folder(t)
  await writeLog(directory, [[{ id: 'one' }, { id: 'two' }], [{ id: "th'ree" }], [{ id: 'four' }]])
  await upkeepOf(directory, 'before_answer', logTime).run()
  const all = join(directory, '..')
  for (const id of ['one', 'two', "th'ree", 'four']) assert.equal((await findPrediction(all, id))?.id, id)
  assert.equal(await findPrediction(all, 'five'), undefined)
  assert.deepEqual(
    (await newestPredictions(directory, 3)).map(({ id }) => id),
    ['four', "th'ree", 'two'],
  )
})

test('gives the predictions of a time, page by page, and writes them as one file', async (t) => {
  const directory = await folder(t)
  const at = (hour: number) =>
    Array.from({ length: 3 }, (_, row) => ({ id: `h${hour}r${row}`, time: logTime + hour * 3_600_000 }))
  await writeLog(directory, [at(0), at(1), at(2), at(3), at(4)])
  await upkeepOf(directory, 'before_answer', logTime).run()
  const pages = async function* () {
    let after
    for (;;) {
      const page = await recordsBetween(directory, {
        since: logTime + 3_600_000,
        until: logTime + 4 * 3_600_000,
        limit: 2,
        after,
      })
      yield page.items
      after = page.next
      if (after === undefined) return
    }
  }
  for (const name of ['out.parquet', 'out.csv']) {
    const file = join(directory, name)
    assert.equal(await exportPredictions(pages(), file), 9)
    const tables = await openTables({
      allowedDirectories: [directory],
      temporaryDirectory: join(directory, 'tmp'),
    })
    const [row] = await tables.rows(
      `SELECT count(*) AS rows, min(id) AS first, max(id) AS last, avg("inputs.distance") AS mean FROM '${file}'`,
    )
    tables.close()
    assert.deepEqual(row, { rows: 9, first: 'h1r0', last: 'h3r2', mean: 719.5 })
  }
  await assert.rejects(
    exportPredictions(pages(), join(directory, 'out.txt')),
    /neither in .parquet nor in .csv/,
  )
})

test('drops what nobody waits for when the disk is too slow, and counts it', async (t) => {
  const directory = await folder(t)
  const { promise: stuck, resolve: release } = Promise.withResolvers<void>()
  const log = await PredictionLog.open({
    directory,
    segmentBytes: 1_000_000,
    waitingBytes: 100,
    clock: { now: () => logTime },
    createSegment: async () => ({
      append: () => stuck,
      cutTo: async () => undefined,
      isRemoved: async () => false,
      close: async () => undefined,
    }),
  })
  for (let line = 0; line < 10; line++) log.offer(`${'x'.repeat(39)}\n`, 1)
  await assert.rejects(log.append('y'.repeat(40), 1), { code: 'rate_limited' })
  release()
  await log.close()
  const { written, dropped } = log.figures
  assert.deepEqual({ written, dropped }, { written: 2, dropped: 8 })
})

test('waits on a full disk without losing anything, and goes on when there is space', async (t) => {
  const disk = tinyDisk(3_000_000)
  if (disk === undefined) return t.skip(noTinyDisk)
  t.after(() => disk.remove())
  const directory = join(disk.directory, 'flights')
  const text = Array.from({ length: 1000 }, (_, row) => ({
    id: `r${row}`,
    inputs: { carrier: createHash('sha512').update(String(row)).digest('base64').repeat(3) },
  }))
  await writeLog(directory, [text, [{ id: 'open' }]])
  const before = await readPredictions({ directory, limit: 2000 })
  const log = await PredictionLog.open({ directory, segmentBytes: 1_000_000, clock: { now: () => logTime } })
  const { run } = upkeepOf(directory, 'before_answer', logTime)
  disk.fill(20_000)
  await assert.rejects(run())
  await assert.rejects(log.append('x'.repeat(100_000), 1), { code: 'storage_full' })
  assert.equal((await readPredictions({ directory, limit: 2000 })).records.length, before.records.length)
  disk.empty()
  await log.append('{"id":"after"}\n', 1)
  await run()
  const { records } = await readPredictions({ directory, limit: 2000 })
  assert.deepEqual(records.slice(0, -1), before.records)
  assert.equal(records.at(-1)?.id, 'after')
  assert.equal((await readIndex(directory)).files.length, 1)
  await log.close()
})
