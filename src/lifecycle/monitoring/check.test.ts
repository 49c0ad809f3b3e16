import assert from 'node:assert/strict'
import { it } from 'node:test'
import { servingMigrations } from '#lifecycle/serving/index'
import { migrate, openDatabase } from '#platform/database/index'
import { platformMigrations } from '#platform/platform.fixture'
import { monitoringGauges } from './gauges.ts'
import {
  caller,
  canaryMonitor,
  defaultMonitor,
  deployment,
  type fixture,
  monitoredOn,
  tryCanary,
  week,
} from './monitoring.fixture.ts'
import type { MonitoringDependencies } from './service.ts'
import { monitoringMigrations } from './tables.ts'

const migrations = [...platformMigrations, ...servingMigrations, ...monitoringMigrations]

const open = async () => {
  const database = await openDatabase({ path: ':memory:' })
  await migrate(database, migrations, 0)
  return database
}

const monitored = (
  title: string,
  use: (context: ReturnType<typeof fixture>) => Promise<void>,
  changed: Partial<MonitoringDependencies> = {},
) => it(title, () => monitoredOn(open, changed)(use))

monitored(
  'resolves the alert when a clean week is labelled, and says so once',
  async ({ service, write, eventTypes }) => {
    const weeks = [week(0, { rate: 0.05 }), week(1, { rate: 0.05 }), week(2), week(3)]
    await write(...weeks)
    for (const { labels } of weeks.slice(0, 2)) await service.feedback(deployment, labels, caller)
    await service.check(deployment)
    await service.feedback(deployment, weeks[2]?.labels ?? [], caller)
    await service.check(deployment)
    await service.check(deployment)
    assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing', 'alert.resolved'])
    assert.deepEqual(
      (await service.alerts({ limit: 10 })).map(({ state }) => state),
      ['resolved'],
    )
  },
)

monitored(
  'takes an alert back when corrected labels take its reason away',
  async ({ service, write, eventTypes, platform }) => {
    const wrong = [week(0, { rate: 0.05 }), week(1, { rate: 0.05 })]
    const right = [week(0), week(1)]
    await write(...wrong, week(2))
    for (const { labels } of wrong) await service.feedback(deployment, labels, caller)
    await service.check(deployment)
    const results = []
    for (const { labels } of right) results.push(await service.feedback(deployment, labels, caller))
    assert.ok((results[0]?.changed ?? 0) > 30)
    await service.check(deployment)
    assert.deepEqual(await service.alerts({ limit: 10 }), [])
    assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing', 'alert.resolved'])
    const [event] = await platform.events.list({ types: ['alert.resolved'], limit: 1 })
    assert.equal(event?.payload['withdrawn'], true)
  },
)

monitored(
  'sees a change of units as drift with its likely cause, and holds retraining back',
  async ({ service, write, eventTypes, starts, platform }) => {
    const broken = { scale: 1.609344, rate: 0.05 }
    const weeks = [week(0), week(1, broken), week(2, broken), week(3, broken)]
    await write(...weeks)
    for (const { labels } of weeks) await service.feedback(deployment, labels, caller)
    const { retraining } = await service.check(deployment)
    assert.deepEqual((await eventTypes()).sort(), [
      'alert.firing',
      'alert.firing',
      'drift.detected',
      'model.decayed',
    ])
    const [drift] = await platform.events.list({ types: ['drift.detected'], limit: 1 })
    assert.equal(drift?.payload['subject'], 'distance')
    assert.match(String(drift?.payload['reason']), /miles → kilometres/)
    assert.deepEqual([retraining?.decision, retraining?.why], ['hold', 'input_fault'])
    assert.equal(starts.length, 0)
    const windows = await service.windows(deployment, 10)
    assert.deepEqual(
      windows.map(({ state, findings }) => [state, findings?.drift.verdict]),
      [
        ['judged', 'clean'],
        ['judged', 'breached'],
        ['judged', 'breached'],
        ['open', undefined],
      ],
    )
  },
)

monitored(
  'counts an interrupted start as made where nobody can say whether it was',
  async ({ service, write, again, starts }) => {
    const weeks = [week(0, { rate: 0.05 }), week(1, { rate: 0.05 }), week(2)]
    await write(...weeks)
    for (const { labels } of weeks.slice(0, 2)) await service.feedback(deployment, labels, caller)
    const dying = Promise.withResolvers<void>()
    const dies = again({
      retraining: {
        startPipeline: () => {
          dying.resolve()
          return new Promise(() => undefined)
        },
      },
    })
    void dies.service.check(deployment)
    await dying.promise
    await service.check(deployment)
    assert.equal((await service.retrainings(deployment, 10))[1]?.state, 'interrupted')
    assert.equal(starts.length, 0)
  },
)

monitored(
  'rolls a canary back that fails requests, before any label',
  async (context) => {
    context.errors.canary = 60
    await tryCanary(context)
    const trial = (await context.service.get(deployment)).canary
    assert.deepEqual([trial?.state, trial?.verdict?.decision], ['rolled_back', 'roll_back'])
    assert.deepEqual(context.promotions, [])
  },
  { settings: async () => ({ [deployment]: canaryMonitor }) },
)

monitored(
  'watches data and performance while the canary cannot be scored, and says that the check failed',
  async (context) => {
    const { service } = context
    await assert.rejects(tryCanary(context), /no such graph/)
    const status = await service.get(deployment)
    assert.equal(status.predictions, 1400)
    assert.match(status.failure?.reason ?? '', /no such graph/)
    assert.equal(status.canary?.verdict?.checks[0]?.seen, 700, 'its errors are judged all the same')
  },
  {
    settings: async () => ({ [deployment]: { ...defaultMonitor, canary: canaryMonitor.canary } }),
    scorer: { scoreRows: () => Promise.reject(new Error('no such graph')) },
  },
)

monitored(
  'calls drift unknown without a reference, and says why',
  async ({ service, write }) => {
    await write(week(0), week(1))
    await service.check(deployment)
    const drift = (await service.windows(deployment, 10))[0]?.findings?.drift
    assert.deepEqual(
      [drift?.verdict, drift?.reason],
      ['unknown', 'flights v1 has no reference profile to compare with'],
    )
  },
  { references: { referenceOf: async () => undefined } },
)

monitored('lets an alert go with the rule that raised it', async ({ service, write, again, eventTypes }) => {
  const weeks = [week(0, { rate: 0.05 }), week(1, { rate: 0.05 }), week(2)]
  await write(...weeks)
  for (const { labels } of weeks.slice(0, 2)) await service.feedback(deployment, labels, caller)
  await service.check(deployment)
  const without = again({
    settings: async () => ({ [deployment]: { ...defaultMonitor, performance: [] } }),
  })
  await without.service.check(deployment)
  assert.deepEqual(await service.alerts({ limit: 10 }), [])
  assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing', 'alert.resolved'])
})

monitored('gives Prometheus drift, realized metrics, coverage and alerts', async ({ service, write }) => {
  const weeks = [week(0, { rate: 0.05 }), week(1, { rate: 0.05 }), week(2)]
  await write(...weeks)
  for (const { labels } of weeks.slice(0, 2)) await service.feedback(deployment, labels, caller)
  await service.check(deployment)
  const points = await Promise.all(
    monitoringGauges(service).map(async ({ name, read }) => ({ name, points: await read() })),
  )
  const valueOf = (name: string, labels: object) =>
    points
      .find((one) => one.name === name)
      ?.points.find((point) => JSON.stringify(point.labels) === JSON.stringify({ deployment, ...labels }))
      ?.value
  assert.ok((valueOf('devmlops_feature_drift_score', { feature: 'distance' }) ?? 1) < 0.05)
  const gap = valueOf('devmlops_model_metric', { metric: 'calibration_gap', source: 'realized' }) ?? 0
  assert.ok(gap > 0.1 && gap < 0.2, `gap ${gap}`)
  assert.equal(valueOf('devmlops_label_coverage_ratio', {}), 1)
  assert.equal(valueOf('devmlops_alerts_firing', {}), 1)
  assert.equal(valueOf('devmlops_last_successful_check_timestamp_seconds', {}), Date.UTC(2026, 0, 2) / 1000)
})

monitored(
  'enqueues a check where one could find anything, and only there',
  async ({ service, write, platform }) => {
    const queued = async () => (await platform.jobs.list({ limit: 10 })).map(({ key }) => key)
    await write(week(0))
    await service.enqueueDue()
    assert.deepEqual(await queued(), [deployment])
    await service.check(deployment)
    await platform.jobs.cancel((await platform.jobs.list({ limit: 1 }))[0]!.id)
    await service.enqueueDue()
    assert.equal((await platform.jobs.list({ states: ['queued'], limit: 10 })).length, 0)
  },
)
