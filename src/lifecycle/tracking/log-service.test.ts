import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { sql, type KyselyPlugin } from 'kysely'
import { DevmlopsError } from '#contract/errors'
import { migrate, openDatabase, type Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { noTinyDisk, tinyDisk } from '#platform/tiny-disk.fixture'
import { createLogService } from './log-service.ts'
import { createMetricStore } from './metric-store.ts'
import { createTrackingService, type TrackingService } from './service.ts'
import { trackingMigrations, type TrackingTables } from './tables.ts'

const caller = { name: 'ada' }
const migrations = [...platformMigrations, ...trackingMigrations]
const unknownRun = 'f'.repeat(32)

forEachEngine('logging', migrations, (open) => {
  const withTracking = async (
    use: (tracking: TrackingService, database: Database) => Promise<void>,
  ): Promise<void> => {
    const database = await open()
    const { platform, close } = fixturePlatform(database)
    try {
      await use(createTrackingService({ platform }), database)
    } finally {
      await close()
    }
  }
  const newRun = async (tracking: TrackingService): Promise<string> =>
    (await tracking.createRun({ caller })).id

  /** Another server on the same store, which knows nothing of the first. */
  const otherServer = (
    { query, engine }: Database,
    options: Partial<Parameters<typeof createLogService>[0]> = {},
  ) => {
    const tables = query.withTables<TrackingTables>()
    return createLogService({
      query: tables,
      engine,
      clock: { now: () => 1 },
      metricPoints: createMetricStore(tables, engine),
      ...options,
    })
  }

  it('writes all that waits together, and refuses what does not fit by itself', () =>
    withTracking(async (tracking) => {
      const runs = await Promise.all([1, 2, 3].map(() => newRun(tracking)))
      const [first = '', second = '', deleted = ''] = runs
      await tracking.deleteRun(deleted)
      const point = (value: number) => ({ key: 'loss', value, timestamp: value, step: value })
      const outcomes = await Promise.allSettled([
        tracking.logBatch({ runId: first, metrics: [point(1)], params: { rate: '1' }, tags: { at: 'a' } }),
        tracking.logBatch({ runId: first, metrics: [point(9)], params: { rate: '2', seed: '7' } }),
        tracking.logBatch({ runId: deleted, metrics: [point(2)] }),
        tracking.logBatch({ runId: unknownRun, metrics: [point(3)] }),
        tracking.logBatch({ runId: second, metrics: [{ ...point(4), modelId: 'm-nothing' }] }),
        tracking.logBatch({ runId: second, metrics: [point(5)], tags: { at: 'x' } }),
        tracking.logBatch({ runId: first, metrics: [point(3)], params: { rate: '1' }, tags: { at: 'b' } }),
        tracking.logBatch({ runId: first, metrics: [point(2)] }),
      ])
      assert.deepEqual(outcomes.map(outcomeOf), [
        'written',
        'conflict',
        'conflict',
        'not_found',
        'not_found',
        'written',
        'written',
        'written',
      ])
      const [one, two] = await Promise.all([tracking.getRun(first), tracking.getRun(second)])
      assert.deepEqual([one.params, one.tags['at'], one.metrics[0]?.value], [{ rate: '1' }, 'b', 3])
      assert.deepEqual([two.tags['at'], two.metrics[0]?.value], ['x', 5])
      const history = await tracking.metricHistory(first, { key: 'loss', limit: 10 })
      assert.deepEqual(
        history.map(({ value }) => value),
        [1, 2, 3],
      )
    }))

  it('asks the store a few times for many batches', () =>
    withTracking(async (tracking, { query, engine }) => {
      const runId = await newRun(tracking)
      let statements = 0
      const counting: KyselyPlugin = {
        transformQuery: ({ node }) => node,
        transformResult: async ({ result }) => {
          statements += 1
          return result
        },
      }
      const tables = query.withTables<TrackingTables>().withPlugin(counting)
      const logging = createLogService({
        query: tables,
        engine,
        clock: { now: () => 1 },
        metricPoints: createMetricStore(tables, engine),
      })
      await Promise.all(
        Array.from({ length: 100 }, (_, step) =>
          logging.logBatch({
            runId,
            metrics: [{ key: 'loss', value: step, step }],
            params: { [`p${step}`]: 'x' },
          }),
        ),
      )
      assert.ok(statements < 40, `${statements} statements`)
      assert.equal((await tracking.getRun(runId)).metrics[0]?.value, 99)
      assert.equal(Object.keys((await tracking.getRun(runId)).params).length, 100)
    }))

  it('lets several servers log to the same runs: one of each param wins, the latest metric is the latest', () =>
    withTracking(async (tracking, database) => {
      const runs = await Promise.all([1, 2, 3].map(() => newRun(tracking)))
      const servers = [tracking, otherServer(database), otherServer(database)]
      const outcomes = await Promise.allSettled(
        Array.from({ length: 180 }, (_, index) => {
          // In another order at each server, as rows that are locked in different orders wait for each other in circles.
          const [server, turn] = [index % 3, Math.floor(index / 3)]
          const runId = runs[(turn * (server === 1 ? 2 : 1) + server) % 3] ?? ''
          return (servers[server] ?? tracking).logBatch({
            runId,
            metrics: [{ key: `m${index % 7}`, value: index, step: index, timestamp: 5 }],
            tags: { last: String(index) },
            ...(index % 2 === 0 ? { params: { winner: String(index) } } : {}),
          })
        }),
      )
      const refused = outcomes.map(outcomeOf).filter((outcome) => outcome !== 'written')
      assert.deepEqual([...new Set(refused)], ['conflict'])
      for (const runId of runs) {
        const run = await tracking.getRun(runId)
        for (const { key, step } of run.metrics) {
          const history = await tracking.metricHistory(runId, { key, limit: 1000 })
          assert.equal(step, Math.max(...history.map((point) => point.step)), key)
        }
        assert.match(run.params['winner'] ?? '', /^\d+$/)
      }
      const winners = outcomes.filter(
        (outcome, index) => outcome.status === 'fulfilled' && index % 2 === 0,
      ).length
      assert.equal(winners, 3)
    }))

  it('does not let the fault of one batch be that of the others', () =>
    withTracking(async (tracking, { query }) => {
      const runId = await newRun(tracking)
      const { modelId } = await tracking
        .createLoggedModel({ experimentId: '0' })
        .then(({ id }) => ({ modelId: id }))
      await sql`drop table logged_model_metrics`.execute(query)
      const outcomes = await Promise.allSettled([
        tracking.logMetric(runId, { key: 'a', value: 1 }),
        tracking.logMetric(runId, { key: 'a', value: 2, modelId }),
        tracking.logMetric(runId, { key: 'a', value: 3, step: 1 }),
      ])
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      const history = await tracking.metricHistory(runId, { key: 'a', limit: 10 })
      assert.deepEqual(
        history.map(({ value }) => value),
        [1, 3],
      )
    }))

  it('takes what was logged before as logged, together with what is new', () =>
    withTracking(async (tracking) => {
      const runId = await newRun(tracking)
      const metrics = Array.from({ length: 50 }, (_, step) => ({ key: 'a', value: step, step, timestamp: 1 }))
      await tracking.logBatch({ runId, metrics })
      for (let round = 0; round < 3; round += 1) {
        await Promise.all([
          tracking.logBatch({ runId, metrics }),
          tracking.logBatch({
            runId,
            metrics: [...metrics.slice(0, 9), { ...metrics[0], key: 'b', value: round }],
          }),
          tracking.logBatch({ runId, params: { seed: '1' } }),
        ])
      }
      assert.equal((await tracking.metricHistory(runId, { key: 'a', limit: 99 })).length, 50)
      assert.equal((await tracking.metricHistory(runId, { key: 'b', limit: 99 })).length, 3)
      assert.deepEqual((await tracking.getRun(runId)).params, { seed: '1' })
    }))

  it('keeps a metric of a logged model with the model too, and what it was measured on', () =>
    withTracking(async (tracking, { query }) => {
      const runId = await newRun(tracking)
      const { id: modelId } = await tracking.createLoggedModel({ experimentId: '0' })
      const metric = { key: 'auc', value: Number.NaN, step: 3, timestamp: 7, modelId }
      await Promise.all([
        tracking.logMetric(runId, metric),
        tracking.logBatch({
          runId,
          metrics: [metric, { ...metric, value: 0.5, datasetName: 'flights', datasetDigest: 'ab' }],
        }),
      ])
      const rows = await query
        .withTables<TrackingTables>()
        .selectFrom('logged_model_metrics')
        .select(['value', 'is_nan', 'step', 'timestamp', 'dataset_name', 'dataset_digest'])
        .orderBy('value')
        .execute()
      assert.deepEqual(
        rows.map((row) => Object.values(row).join(' ')),
        ['0 1 3 7  ', '0.5 0 3 7 flights ab'],
      )
      assert.equal((await tracking.metricHistory(runId, { key: 'auc', limit: 9 })).length, 2)
    }))

  it('refuses more when too much waits already, and goes on with what waits', () =>
    withTracking(async (tracking, database) => {
      const runId = await newRun(tracking)
      const logging = otherServer(database, { most: { batches: 20, entries: 30 } })
      const tagged = (count: number, name: string) =>
        logging.logBatch({
          runId,
          tags: Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, 'x'])),
        })
      // One that is larger than all that may wait is taken when nothing waits: else it could never be.
      const outcomes = await Promise.allSettled([tagged(40, 'a'), tagged(1, 'b'), tagged(1, 'c')])
      assert.deepEqual(outcomes.map(outcomeOf), ['written', 'rate_limited', 'rate_limited'])
      const many = await Promise.allSettled(Array.from({ length: 25 }, () => tagged(1, 'd')))
      assert.equal(many.filter((outcome) => outcomeOf(outcome) === 'rate_limited').length, 5)
      await tagged(1, 'e')
    }))

  it('says what is wrong in the words of MLflow, and where', () =>
    withTracking(async (tracking) => {
      const runId = await newRun(tracking)
      const metric = { key: 'k', value: 1, timestamp: 1, step: 1 }
      const batch = (part: object) => tracking.logBatch({ runId, ...part })
      const cases: readonly [Promise<void>, string, RegExp][] = [
        [
          batch({ metrics: [metric, { ...metric, key: 'a?b' }] }),
          'metrics[1].name',
          /^Invalid value "a\?b" for parameter 'metrics\[1\]\.name' supplied: Names may only contain alphanumerics/,
        ],
        [
          batch({ params: [{ key: '../up', value: '' }] }),
          'params[0].key',
          /must not resolve to other names when treated as such\. This name would resolve to '\.\.\/up'$/,
        ],
        [batch({ tags: [{ key: 'a//b/.', value: '' }] }), 'tags[0].key', /resolve to 'a\/b'$/],
        [batch({ tags: [{ key: '..b', value: '' }] }), 'tags[0].key', /resolve to '\.\.b'$/],
        [tracking.setTag(runId, '', 'x'), 'key', /^Missing value for required parameter 'key'\.$/],
        [
          tracking.logMetric(runId, { ...metric, key: 'k'.repeat(251) }),
          'name',
          /^'Metric name' exceeds the maximum length of 250 characters$/,
        ],
        [
          tracking.logMetric(runId, { ...metric, timestamp: -1 }),
          'timestamp',
          /^Invalid value -1 for parameter 'timestamp' supplied: metric 'k' \(value=1\)\. Timestamp must be a nonnegative long/,
        ],
        [tracking.logMetric(runId, { ...metric, step: 2 ** 60 }), 'step', /Step must be a valid long/],
        [
          tracking.logMetric(runId, { ...metric, value: '1' as never }),
          'value',
          /Please specify value as a valid double/,
        ],
        [
          batch({
            params: [
              { key: 'a', value: '1' },
              { key: 'a', value: '1' },
            ],
          }),
          'params',
          /^Duplicate parameter keys have been submitted: \['a'\]\./,
        ],
        [batch({ tags: { a: 'x\0y' } }), 'tags[0].value', /U\+0000/],
        [tracking.setTag('no run\0', 'a', 'b'), 'run_id', /parameter 'run_id'/],
      ]
      for (const [refused, at, message] of cases)
        await assert.rejects(refused, { code: 'invalid_input', at, message })
      await assert.rejects(tracking.logParam(unknownRun, { key: 'a', value: '' }), {
        code: 'not_found',
        message: `Run with id=${unknownRun} not found`,
      })
    }))

  it('takes the same param again, also when its text could not be stored as it was', () =>
    withTracking(async (tracking) => {
      const runId = await newRun(tracking)
      for (const value of ['half \ud83d pair', `${'x'.repeat(6000)}and more`]) {
        const param = { key: `p${value.length}`, value }
        await tracking.logParam(runId, param)
        await tracking.logParam(runId, param)
      }
      await assert.rejects(
        tracking.logBatch({ runId, params: { p6008: 'y', p11: 'z', new: '1' } }),
        /Params were already logged='\[\{'key': 'p6008', 'old_value': 'x+…', 'new_value': 'y'\}, \{'key': 'p11'/,
      )
      await assert.rejects(
        tracking.logParam(runId, { key: 'p11', value: 'z' }),
        /Param with key='p11' was already logged with value='half . pair' for run ID='\w+'\. Attempted logging new value 'z'\.$/,
      )
      const { params } = await tracking.getRun(runId)
      assert.deepEqual(
        [params['p11'], params['p6008']?.length, params['new']],
        ['half \ufffd pair', 6000, undefined],
      )
    }))
})

describe('logging on a full disk', () => {
  it('refuses to write, still reads, and writes again when there is space', async (context) => {
    const disk = tinyDisk(4_000_000)
    if (disk === undefined) return context.skip(noTinyDisk)
    const database = await openDatabase({ path: join(disk.directory, 'store.db') })
    await migrate(database, migrations, 0)
    const { platform, close } = fixturePlatform(database)
    try {
      const tracking = createTrackingService({ platform })
      const { id: runId } = await tracking.createRun({ caller })
      const log = (step: number) =>
        tracking.logBatch({
          runId,
          metrics: Array.from({ length: 500 }, (_, index) => ({
            key: 'loss',
            value: index,
            step,
            timestamp: index,
          })),
        })
      await log(0)
      disk.fill(0)
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, (_, step) => log(step + 1)))
      const acknowledged = outcomes.filter(({ status }) => status === 'fulfilled').length
      assert.deepEqual(
        [...new Set(outcomes.map(outcomeOf))].filter((outcome) => outcome !== 'written'),
        ['storage_full'],
      )
      const history = await tracking.metricHistory(runId, { key: 'loss', limit: 100_000 })
      assert.equal(history.length, 500 * (1 + acknowledged))
      assert.equal((await tracking.getRun(runId)).metrics[0]?.key, 'loss')
      disk.empty()
      await log(1000)
      assert.equal((await tracking.getRun(runId)).metrics[0]?.step, 1000)
    } finally {
      await close()
      disk.remove()
    }
  })
})

function outcomeOf(outcome: PromiseSettledResult<unknown>): string {
  if (outcome.status === 'fulfilled') return 'written'
  return outcome.reason instanceof DevmlopsError ? outcome.reason.code : String(outcome.reason)
}
