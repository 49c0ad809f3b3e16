import assert from 'node:assert/strict'
import { it } from 'node:test'
import { servingMigrations } from '#lifecycle/serving/index'
import { forEachEngine } from '#platform/database/testing'
import { platformMigrations } from '#platform/platform.fixture'

import {
  caller,
  canaryMonitor,
  deployment,
  firstWeek,
  type fixture,
  monitoredOn,
  tryCanary,
  week,
  type Week,
} from './monitoring.fixture.ts'
import type { MonitoringDependencies } from './service.ts'
import { monitoringMigrations } from './tables.ts'

const migrations = [...platformMigrations, ...servingMigrations, ...monitoringMigrations]

forEachEngine('monitoring', migrations, (open) => {
  const monitored = (
    title: string,
    use: (context: ReturnType<typeof fixture>) => Promise<void>,
    changed: Partial<MonitoringDependencies> = {},
  ) => it(title, () => monitoredOn(open, changed)(use))

  monitored(
    'raises one alert when late labels show decay, starts retraining once, and finds nothing new when it looks again',
    async ({ service, write, starts, eventTypes, platform }) => {
      const weeks = [week(0), week(1), week(2, { rate: 0.05 }), week(3, { rate: 0.05 }), week(4)]
      await write(...weeks)
      const first = await service.check(deployment)
      assert.equal(first.read, 3500)
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
    'keeps labels that come before their predictions, counts each once, and lets the later one win',
    async ({ service, write }) => {
      const { records, labels } = week(0)
      const send = (part: Week['labels']) => service.feedback(deployment, part, caller)
      assert.deepEqual(await send(labels), { new: 700, changed: 0, unchanged: 0, unknown: 700 })
      await write({ records, labels })
      assert.deepEqual(await send(labels), { new: 0, changed: 0, unchanged: 700, unknown: 0 })
      const { id } = records[0]!
      const flipped = 1 - labels[0]!.label
      const twice = [
        { id, label: labels[0]!.label },
        { id, label: flipped },
      ]
      assert.deepEqual(await send(twice), { new: 0, changed: 1, unchanged: 0, unknown: 0 })
      const status = await service.get(deployment)
      assert.deepEqual([status.predictions, status.labels], [700, 700])
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
      assert.deepEqual([first.read, first.judged], [700, []])
      clock.time = firstWeek + 7 * 86_400_000
      assert.equal((await service.check(deployment)).judged.length, 1)
      assert.equal((await service.windows(deployment, 1))[0]?.findings?.versions[0]?.rows, 700)
    },
  )

  monitored(
    'loses and repeats nothing when it is cut off between reading, judging, telling and starting',
    async ({ service, write, platform, eventTypes, again, starts }) => {
      const weeks = [week(0, { rate: 0.05 }), week(1, { rate: 0.05 }), week(2)]
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
      const dying = Promise.withResolvers<void>()
      const diesWhileStarting = again({
        retraining: {
          startPipeline: () => {
            asked++
            dying.resolve()
            return new Promise(() => undefined)
          },
        },
      })
      void diesWhileStarting.service.check(deployment)
      await dying.promise

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
      assert.deepEqual([status.predictions, status.labels, status.failure], [2100, 1400, undefined])
      assert.deepEqual(await eventTypes(), ['model.decayed', 'alert.firing'])
      assert.deepEqual([starts.length, asked], [0, 1])
    },
  )

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
        ['promoted', 'promote', 1400],
      )
      assert.ok(
        trial?.verdict?.comparison?.status === 'value' && trial.verdict.comparison.interval.high < 0.01,
      )
      assert.deepEqual(promotions, [2])
      assert.deepEqual(
        (await serving.get(deployment)).variants.map(({ name, version }) => [name, version]),
        [['champion', 2]],
      )
      assert.equal((await serving.revisions(deployment))[0]?.actor, 'system:monitoring')
    },
    { settings: async () => ({ [deployment]: canaryMonitor }) },
  )

  monitored(
    'reads nothing twice when two processes read the log at once',
    async ({ service, write, again }) => {
      await write(week(0), week(1))
      const results = await Promise.allSettled([service.check(deployment), again().service.check(deployment)])
      assert.ok(results.some(({ status }) => status === 'fulfilled'))
      await service.check(deployment)
      const windows = await service.windows(deployment, 10)
      assert.deepEqual(
        windows.map(({ rows, findings }) => [rows, findings?.versions[0]?.rows]),
        [
          [700, 700],
          [700, undefined],
        ],
      )
    },
  )
})
