import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { sql } from 'kysely'
import { migrate, openDatabase, type Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { sampledPlaces } from './metric-history-read.ts'
import { createTrackingService, type TrackingService } from './service.ts'
import { trackingMigrations } from './tables.ts'

const caller = { name: 'ada' }
const migrations = [...platformMigrations, ...trackingMigrations]

interface Point {
  readonly key: string
  readonly value: number | 'NaN'
  readonly timestamp: number
  readonly step: number
  readonly run_id?: string
}

forEachEngine('metric histories', migrations, (open) => {
  const withRun = async (
    use: (tracking: TrackingService, runId: string, database: Database) => Promise<void>,
  ): Promise<void> => {
    const database = await open()
    const { platform, close } = fixturePlatform(database)
    try {
      const tracking = createTrackingService({ platform })
      await use(tracking, (await tracking.createRun({ caller })).id, database)
    } finally {
      await close()
    }
  }

  it('are paged by a token that nobody reads, to their end', () =>
    withRun(async (tracking, runId) => {
      const values = [3, Number.NaN, -1.5e-9, Infinity, 3, 0]
      await tracking.logBatch({
        runId,
        metrics: values.map((value, index) => ({
          key: 'a/b: é',
          value,
          timestamp: 5 - (index % 3),
          step: index,
        })),
      })
      const whole = await pages(tracking.historyText({ runId, key: 'a/b: é' }))
      assert.deepEqual(
        whole.points.map(({ key, value, timestamp, step }) => [key, value, timestamp, step]),
        [
          ['a/b: é', -1.5e-9, 3, 2],
          ['a/b: é', 0, 3, 5],
          ['a/b: é', 'NaN', 4, 1],
          ['a/b: é', 3, 4, 4],
          ['a/b: é', 3, 5, 0],
          ['a/b: é', Number.MAX_VALUE, 5, 3],
        ],
      )
      for (const limit of [1, 2, 4, 6, 7]) {
        const found: Point[] = []
        let after: string | undefined
        do {
          const page = await pages(
            tracking.historyText({ runId, key: 'a/b: é', limit, ...(after === undefined ? {} : { after }) }),
          )
          assert.ok(page.points.length <= limit)
          found.push(...page.points)
          after = page.next
        } while (after !== undefined)
        assert.deepEqual(found, whole.points, `by ${limit}`)
      }
    }))

  it('are empty for what is not there, and say what is wrong with a request', () =>
    withRun(async (tracking, runId) => {
      for (const request of [
        { runId, key: 'none' },
        { runId, key: 'a\0' },
        { runId: 'f'.repeat(32), key: 'a' },
        { runId: '\0', key: 'a' },
      ]) {
        assert.deepEqual((await pages(tracking.historyText(request))).points, [])
        assert.equal((await tracking.bulkHistoryText([request.runId], { key: request.key })).byteLength, 0)
        assert.equal(
          (await tracking.intervalHistoryText([request.runId], { key: request.key })).byteLength,
          0,
        )
      }
      const history = (part: object) => pages(tracking.historyText({ runId, key: 'a', ...part }))
      for (const limit of [0, -1, 0.5]) {
        await assert.rejects(history({ limit }), {
          code: 'invalid_input',
          message: /must be a positive integer/,
        })
      }
      for (const after of ['x', 'e30', Buffer.from('[1,2,3,"4"]').toString('base64url')]) {
        await assert.rejects(history({ after }), { code: 'invalid_input', at: 'page_token' })
      }
      const many = Array.from({ length: 101 }, () => runId)
      await assert.rejects(tracking.bulkHistoryText([], { key: 'a' }), /must specify at least one run_id/)
      await assert.rejects(
        tracking.bulkHistoryText(many, { key: 'a' }),
        /more than 100 run_ids\. Received 101/,
      )
      const interval = (request: object) => tracking.intervalHistoryText([runId], { key: 'a', ...request })
      await assert.rejects(interval({ startStep: 1 }), /both must be specified/)
      await assert.rejects(interval({ startStep: 2, endStep: 1 }), /end_step must be greater/)
      for (const limit of [0, 2501, Number.NaN]) {
        await assert.rejects(interval({ limit }), /max_results must be between 1 and 2500/)
      }
    }))

  it('of many runs come by run id, timestamp, step and value, up to a limit', () =>
    withRun(async (tracking, first) => {
      const { id: second } = await tracking.createRun({ caller })
      for (const runId of [first, second]) {
        const metrics = [4, 2, 2, 1].map((time, step) => ({ key: 'a', value: -step, timestamp: time, step }))
        await tracking.logBatch({ runId, metrics })
      }
      const bulk = async (limit?: number) =>
        pointsOf(
          await tracking.bulkHistoryText([second, first, second], {
            key: 'a',
            ...(limit === undefined ? {} : { limit }),
          }),
        ).map(({ run_id, timestamp, step }) => [run_id, timestamp, step].join(' '))
      const expected = [first, second]
        .sort()
        .flatMap((runId) => [`${runId} 1 3`, `${runId} 2 1`, `${runId} 2 2`, `${runId} 4 0`])
      assert.deepEqual(await bulk(), expected)
      assert.deepEqual(await bulk(5), expected.slice(0, 5))
      assert.deepEqual(await bulk(0), [])
    }))

  it('are sampled as SQL cuts them into buckets: the first of each, and the last of all', () =>
    withRun(async (_tracking, _runId, { query }) => {
      for (let total = 1; total <= 23; total += 1) {
        for (let limit = 1; limit <= 12; limit += 1) {
          const { rows } = await sql<{ place: number }>`
            with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < ${total})
            select min(i) as place from (select i, ntile(${sql.raw(String(limit))}) over (order by i) as bucket from n) as b
            group by bucket order by place`.execute(query)
          const expected = rows.map(({ place }) => place)
          if (expected.at(-1) !== total - 1) expected[expected.length - 1] = total - 1
          const places = sampledPlaces(total, limit) ?? Array.from({ length: total }, (_, index) => index)
          assert.deepEqual(places, expected, `${limit} of ${total}`)
        }
      }
    }))

  it('of an interval are the points between two steps, in their order, of each run as many as asked for', () =>
    withRun(async (tracking, runId) => {
      const { id: other } = await tracking.createRun({ caller })
      // Every step twice, the later steps at earlier times.
      const metrics = Array.from({ length: 40 }, (_, index) => ({
        key: 'a',
        value: index % 2,
        timestamp: 100 - Math.floor(index / 2),
        step: Math.floor(index / 2),
      }))
      await tracking.logBatch({ runId, metrics })
      await tracking.logBatch({ runId: other, metrics: metrics.slice(0, 3) })
      const interval = async (request: object) =>
        pointsOf(await tracking.intervalHistoryText([runId, other], { key: 'a', ...request })).map(
          (point) => `${point.run_id === runId ? 1 : 2}:${point.step}/${point.value}`,
        )
      assert.deepEqual(await interval({ limit: 4 }), [
        '1:0/0',
        '1:5/0',
        '1:10/0',
        '1:19/1',
        '2:0/0',
        '2:0/1',
        '2:1/0',
      ])
      assert.deepEqual(await interval({ limit: 3, startStep: 1, endStep: 2 }), [
        '1:1/0',
        '1:2/0',
        '1:2/1',
        '2:1/0',
      ])
      assert.deepEqual(await interval({ limit: 1 }), ['1:19/1', '2:1/0'])
    }))
})

it('a long history comes by parts, and holds up nobody who logs', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-history-'))
  const database = await openDatabase({ path: join(directory, 'store.db') })
  await migrate(database, migrations, 0)
  const { platform, close } = fixturePlatform(database)
  try {
    const tracking = createTrackingService({ platform })
    const { id: runId } = await tracking.createRun({ caller })
    for (let batch = 0; batch < 60; batch += 1) {
      const metrics = Array.from({ length: 1000 }, (_, index) => ({
        key: 'a',
        value: index,
        timestamp: batch,
        step: batch * 1000 + index,
      }))
      await tracking.logBatch({ runId, metrics })
    }
    const parts: number[] = []
    for await (const { points } of tracking.historyText({ runId, key: 'a' })) {
      parts.push(pointsOf(points).length)
      await tracking.logMetric(runId, { key: 'b', value: 1, step: parts.length })
    }
    assert.deepEqual(parts, [25_000, 25_000, 10_000])
    const { next } = await pages(tracking.historyText({ runId, key: 'a', limit: 50_000 }))
    const rest = await pages(tracking.historyText({ runId, key: 'a', after: next ?? '' }))
    assert.deepEqual([rest.points.length, rest.points[0]?.step, rest.next], [10_000, 50_000, undefined])
    assert.equal((await tracking.metricHistory(runId, { key: 'b', limit: 9 })).length, 3)
  } finally {
    await close()
    rmSync(directory, { recursive: true })
  }
})

function pointsOf(text: Uint8Array): Point[] {
  return JSON.parse(`[${Buffer.from(text).toString()}]`) as Point[]
}

async function pages(
  history: ReturnType<TrackingService['historyText']>,
): Promise<{ points: Point[]; next: string | undefined }> {
  const points: Point[] = []
  let next: string | undefined
  for await (const page of history) {
    points.push(...pointsOf(page.points))
    next = page.next
  }
  return { points, next }
}
