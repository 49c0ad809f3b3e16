import assert from 'node:assert/strict'
import { it } from 'node:test'
import { servingMigrations } from '#lifecycle/serving/index'
import { forEachEngine } from '#platform/database/testing'
import { platformMigrations } from '#platform/platform.fixture'
import {
  caller,
  defaultMonitor,
  deployment,
  firstWeek,
  fixture,
  week,
  type Week,
} from './monitoring.fixture.ts'
import type { MonitoringDependencies } from './index.ts'
import { monitorSchema } from './settings.ts'
import { monitoringMigrations } from './tables.ts'

const migrations = [...platformMigrations, ...servingMigrations, ...monitoringMigrations]

forEachEngine('monitoring', migrations, (open) => {
  const monitored = (
    title: string,
    use: (context: ReturnType<typeof fixture>) => Promise<void>,
    changed: Partial<MonitoringDependencies> = {},
  ) =>
    it(title, async () => {
      const context = fixture(await open(), changed)
      try {
        await context.serving.deploy(deployment, caller)
        await use(context)
      } finally {
        await context.close()
      }
    })

  monitored(
    'raises one alert when late labels show decay, starts retraining once, and finds nothing new when it looks again',
    async ({ service, write, starts, eventTypes, platform }) => {
      const weeks = [week(0), week(1), week(2, { rate: 0.1 }), week(3, { rate: 0.1 }), week(4)]
      await write(...weeks)
      const first = await service.check(deployment)
      assert.equal(first.read, 6000)
      assert.equal(first.judged.length, 4, 'the last week still runs')
      assert.deepEqual(first.changes, [])
      assert.deepEqual(await eventTypes(), [])

      for (const { labels } of weeks.slice(0, 4)) await service.feedback(deployment, labels, caller)
      const second = await service.check(deployment)
      assert.equal(second.judged.length, 4, 'judged again with their labels')
      assert.deepEqual(
        second.changes.map(({ to }) => to),
        ['pending', 'firing'],
      )
      assert.match(second.changes[1]?.reason ?? '', /calibration_gap within ±0\.05: 0\.\d+ \[/)
      assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing'])
      assert.equal(starts.length, 1)
      assert.match(starts[0]?.trigger.reason ?? '', /calibration_gap .* \(retraining-[0-9a-f]{16}\)$/)
      assert.deepEqual([second.retraining?.state, second.retraining?.runId], ['started', 'run-1'])

      const status = await service.get(deployment)
      const third = await service.check(deployment)
      assert.deepEqual([third.read, third.judged, third.changes], [0, [], []])
      const after = await service.get(deployment)
      assert.equal(after.retraining?.why, 'already_started')
      assert.deepEqual({ ...after, retraining: undefined }, { ...status, retraining: undefined })
      assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing'])
      assert.equal(starts.length, 1)

      const [event] = await platform.events.list({ types: ['alert.firing'], limit: 1 })
      const alert = await service.alert(String(event?.payload['alert']))
      assert.equal(alert.state, 'firing')
      assert.equal(alert.transitions.length, 2)
    },
  )

  monitored(
    'resolves the alert when a clean week is labelled, and says so once',
    async ({ service, write, eventTypes }) => {
      const weeks = [week(0, { rate: 0.1 }), week(1, { rate: 0.1 }), week(2), week(3)]
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
      const wrong = [week(0, { rate: 0.1 }), week(1, { rate: 0.1 })]
      const right = [week(0), week(1)]
      await write(...wrong, week(2))
      for (const { labels } of wrong) await service.feedback(deployment, labels, caller)
      await service.check(deployment)
      const results = []
      for (const { labels } of right) results.push(await service.feedback(deployment, labels, caller))
      assert.ok((results[0]?.changed ?? 0) > 50)
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
      const broken = { scale: 1.609344, rate: 0.1 }
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
    'keeps labels that come before their predictions, counts each once, and lets the later one win',
    async ({ service, write }) => {
      const { records, labels } = week(0)
      const send = (part: Week['labels']) => service.feedback(deployment, part, caller)
      assert.deepEqual(await send(labels), { new: 1200, changed: 0, unchanged: 0, unknown: 1200 })
      await write({ records, labels })
      assert.deepEqual(await send(labels), { new: 0, changed: 0, unchanged: 1200, unknown: 0 })
      const { id } = records[0]!
      const flipped = 1 - labels[0]!.label
      const twice = [
        { id, label: labels[0]!.label },
        { id, label: flipped },
      ]
      assert.deepEqual(await send(twice), { new: 0, changed: 1, unchanged: 0, unknown: 0 })
      const status = await service.get(deployment)
      assert.deepEqual([status.predictions, status.labels], [1200, 1200])
      await assert.rejects(send([{ id, label: 3 }]), { code: 'invalid_input', at: 'labels[0].label' })
    },
  )

  monitored(
    'counts a prediction once that the log holds twice, and closes windows without event times by the clock',
    async ({ service, write, clock }) => {
      const calm = week(0, { timed: false })
      clock.time = firstWeek
      await write(calm, calm)
      const first = await service.check(deployment)
      assert.deepEqual([first.read, first.judged], [1200, []])
      clock.time = firstWeek + 7 * 86_400_000
      assert.equal((await service.check(deployment)).judged.length, 1)
      assert.equal((await service.windows(deployment, 1))[0]?.findings?.versions[0]?.rows, 1200)
    },
  )

  monitored(
    'loses and repeats nothing when it is cut off between reading, judging, telling and starting',
    async ({ service, write, platform, eventTypes, again, starts }) => {
      const weeks = [week(0, { rate: 0.1 }), week(1, { rate: 0.1 }), week(2)]
      await write(...weeks)
      for (const { labels } of weeks.slice(0, 2)) await service.feedback(deployment, labels, caller)

      const cut = new Error('cut off')
      const beforeReading = again({ references: { referenceOf: () => Promise.reject(cut) } })
      await assert.rejects(beforeReading.service.check(deployment), cut)

      const { emit } = platform.events
      const afterTheEvent = again({
        platform: {
          ...platform,
          events: {
            ...platform.events,
            emit: async (event) => {
              await emit(event)
              throw cut
            },
          },
        },
      })
      await assert.rejects(afterTheEvent.service.check(deployment), cut)
      assert.deepEqual(await eventTypes(), ['model.decayed'])
      await assert.rejects(afterTheEvent.service.check(deployment), cut)
      assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing'])

      let asked = 0
      const diesWhileStarting = again({
        retraining: {
          startPipeline: () => {
            asked++
            return new Promise(() => undefined)
          },
        },
      })
      void diesWhileStarting.service.check(deployment)
      while (asked === 0) await new Promise((resolve) => setImmediate(resolve))

      const knows = again({
        retraining: {
          startPipeline: () => Promise.reject(new Error('it must not start again')),
          findStarted: async () => ({ runId: 'run-7' }),
        },
      })
      await knows.service.check(deployment)
      const [, started] = await service.retrainings(deployment, 10)
      assert.deepEqual([started?.state, started?.runId], ['started', 'run-7'])
      await service.check(deployment)
      const status = await service.get(deployment)
      assert.deepEqual([status.predictions, status.labels, status.failure], [3600, 2400, undefined])
      assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing'])
      assert.deepEqual([starts.length, asked], [0, 1])
    },
  )

  monitored(
    'counts an interrupted start as made where nobody can say whether it was',
    async ({ service, write, again, starts }) => {
      const weeks = [week(0, { rate: 0.1 }), week(1, { rate: 0.1 }), week(2)]
      await write(...weeks)
      for (const { labels } of weeks.slice(0, 2)) await service.feedback(deployment, labels, caller)
      let asked = false
      const dies = again({
        retraining: {
          startPipeline: () => {
            asked = true
            return new Promise(() => undefined)
          },
        },
      })
      void dies.service.check(deployment)
      while (!asked) await new Promise((resolve) => setImmediate(resolve))
      await service.check(deployment)
      assert.equal((await service.retrainings(deployment, 10))[1]?.state, 'interrupted')
      assert.equal(starts.length, 0)
    },
  )

  const canary = monitorSchema.parse({
    ...{ drift: false, canary: { metric: 'log_loss', margin: 0.01, minimum_labels: 1500 } },
  })

  const tryCanary = async ({ service, serving, write, clock }: ReturnType<typeof fixture>) => {
    clock.time = Date.UTC(2025, 11, 1)
    await serving.startCanary(deployment, {}, caller)
    const weeks = [week(0), week(0, { variant: 'canary', version: 2 })]
    await write(...weeks)
    await service.check(deployment)
    return weeks
  }

  monitored(
    'promotes a canary once, by what both versions say about the same labelled requests',
    async (context) => {
      const { service, serving, promotions } = context
      const weeks = await tryCanary(context)
      const waiting = (await service.get(deployment)).canary
      assert.deepEqual([waiting?.state, waiting?.verdict?.decision], ['running', 'hold'])
      assert.match(waiting?.verdict?.reason ?? '', /0 labels of both/)
      const { labels } = week(0)
      await service.feedback(deployment, labels, caller)
      await service.feedback(
        deployment,
        weeks[1]!.records.map(({ id }, row) => ({ id, label: labels[row]!.label })),
        caller,
      )
      await service.check(deployment)
      await service.check(deployment)
      const trial = (await service.canaries(deployment))[0]
      assert.deepEqual(
        [trial?.state, trial?.verdict?.decision, trial?.verdict?.labels],
        ['promoted', 'promote', 2400],
      )
      assert.ok(
        trial?.verdict?.comparison.status === 'value' && trial.verdict.comparison.interval.high < 0.01,
      )
      assert.deepEqual(promotions, [2])
      assert.deepEqual(
        (await serving.get(deployment)).variants.map(({ name, version }) => [name, version]),
        [['champion', 2]],
      )
      assert.equal((await serving.revisions(deployment))[0]?.actor, 'system:monitoring')
    },
    { settings: async () => ({ [deployment]: canary }) },
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
    { settings: async () => ({ [deployment]: canary }) },
  )

  monitored(
    'watches data and performance while the canary cannot be scored, and says that the check failed',
    async (context) => {
      const { service } = context
      await assert.rejects(tryCanary(context), /no such graph/)
      const status = await service.get(deployment)
      assert.equal(status.predictions, 2400)
      assert.match(status.failure?.reason ?? '', /no such graph/)
    },
    {
      settings: async () => ({ [deployment]: { ...defaultMonitor, canary: canary.canary } }),
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
})
