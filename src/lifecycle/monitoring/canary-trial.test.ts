import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import {
  predictionsDirectory,
  servingDirectory,
  servingMigrations,
  shadowDirectory,
} from '#lifecycle/serving/index'
import { outcomesPath, type VariantOutcomes } from '#lifecycle/serving/prediction-log/outcomes'
import { PredictionLog } from '#lifecycle/serving/prediction-log/prediction-log'
import { caller, servingFixture } from '#lifecycle/serving/serving.fixture'
import { migrate, openDatabase } from '#platform/database/index'
import { platformMigrations } from '#platform/platform.fixture'
import { createRandom } from '#platform/random'
import { replaceFile } from '#platform/replace-file'
import { createMonitoringService } from './service.ts'
import { monitorSchema, type Monitor } from './settings.ts'
import { monitoringMigrations } from './tables.ts'

const deployment = 'flights'
const minuteMs = 60_000
const steps = [
  { share: 10, for: '10m' },
  { share: 50, for: '10m' },
]

interface Answered {
  readonly requests: number
  readonly failed?: number
  readonly latencyMs?: number
}

/** A release in steps on a real store and log; whoever answers requests is stood in for. */
async function released(
  t: TestContext,
  {
    analysis,
    monitors = {},
    release = { strategy: 'canary', model: 'flights@challenger', steps },
  }: { analysis?: object; monitors?: Readonly<Record<string, Monitor>>; release?: object } = {},
) {
  const database = await openDatabase({ path: ':memory:' })
  await migrate(database, [...platformMigrations, ...servingMigrations, ...monitoringMigrations], 0)
  const fixture = servingFixture(database, {
    deployments: {
      [deployment]: { model: 'flights@champion', release: { ...release, ...(analysis && { analysis }) } },
    },
    isJudged: async () => true,
  })
  t.after(fixture.close)
  const { platform, serving, clock } = fixture
  const start = () =>
    createMonitoringService({
      platform,
      serving,
      settings: async () => monitors,
      references: { referenceOf: async () => undefined },
      scorer: { scoreRows: () => Promise.reject(new Error('nothing is to be scored')) },
      retraining: { startPipeline: () => Promise.reject(new Error('nothing is to be trained')) },
    })
  await serving.deploy(deployment, caller)
  await serving.startRelease(deployment, {}, caller)
  const outcomes: VariantOutcomes[] = []
  const openLog = async (directory: string) => {
    const log = await PredictionLog.open({ directory, segmentBytes: 100_000, clock })
    t.after(() => log.close())
    return log
  }
  const live = await openLog(predictionsDirectory(platform.config.home, deployment))
  const shadows = await openLog(shadowDirectory(servingDirectory(platform.config.home), deployment))
  const random = createRandom(1)
  let requests = 0
  const answer = async (variant: 'champion' | 'canary' | 'shadow', what: Answered): Promise<void> => {
    const version = variant === 'champion' ? 1 : 2
    const { requests: answered, failed = 0, latencyMs = 4 } = what
    const lines = Array.from({ length: answered }, () => {
      const id = `p${requests++}`
      const outputs = { probability: random.uniform() }
      const facts = { id, request_id: id, time: clock.now(), deployment, variant, model: 'flights', version }
      return `${JSON.stringify({ ...facts, inputs: {}, outputs, latency_ms: latencyMs * (1 + random.uniform()) })}\n`
    })
    await (variant === 'shadow' ? shadows : live).append(lines.join(''), answered)
    outcomes.push({
      deployment,
      variant,
      model: 'flights',
      version,
      since: clock.now(),
      answered,
      rows: answered,
      failed,
      refused: 0,
    })
    const file = { writtenAt: clock.now(), open: true, deaths: 0, variants: outcomes }
    await replaceFile(outcomesPath(servingDirectory(platform.config.home)), JSON.stringify(file))
  }
  return {
    ...fixture,
    start,
    answer,
    both: async (what: Answered): Promise<void> => {
      await answer('champion', what)
      await answer('canary', what)
    },
    trial: async (service: ReturnType<typeof start>) => {
      const [trial] = await service.canaries(deployment)
      assert.ok(trial !== undefined)
      return trial
    },
  }
}

test('takes a release through its steps without a monitor, each on what it has seen itself', async (t) => {
  const { start, both, trial, pass, serving, answering, moves } = await released(t)
  const service = start()
  await service.runCheck(deployment)
  assert.match((await trial(service)).verdict?.reason ?? '', /0 of 200 predictions of each seen/)
  await both({ requests: 400 })
  await service.runCheck(deployment)
  assert.equal((await trial(service)).verdict?.decision, 'advance')
  await pass(serving, minuteMs)
  assert.deepEqual(answering(deployment), [
    ['champion', 1, 90],
    ['canary', 2, 10],
  ])
  await pass(serving, 10 * minuteMs)
  assert.equal(answering(deployment)[1]?.[2], 50)

  await service.runCheck(deployment)
  const second = (await trial(service)).verdict
  assert.deepEqual(
    [second?.step, second?.steps, second?.decision, second?.checks[0]?.seen],
    [2, 2, 'hold', 0],
  )
  await pass(serving, minuteMs)
  await pass(serving, 20 * minuteMs)
  assert.equal(answering(deployment)[1]?.[2], 50, 'time alone promotes nothing')
  await both({ requests: 300 })
  await service.runCheck(deployment)
  assert.deepEqual(answering(deployment), [['champion', 2, 100]])
  assert.equal((await trial(service)).state, 'promoted')
  assert.deepEqual(
    moves.map(({ alias, version }) => [alias, version]),
    [['champion', 2]],
  )
})

test('takes it back at once for errors and for slowness, with the numbers', async (t) => {
  const failing = await released(t)
  const service = failing.start()
  await failing.answer('champion', { requests: 900 })
  await failing.answer('canary', { requests: 60, failed: 40 })
  await service.runCheck(deployment)
  const trial = await failing.trial(service)
  assert.equal(trial.state, 'rolled_back')
  assert.match(trial.reason ?? '', /canary failed 40 of 100 requests, champion 0 of 900/)
  assert.deepEqual(failing.answering(deployment), [['champion', 1, 100]])
  const [rollout] = await failing.serving.rollouts.history(deployment)
  assert.deepEqual([rollout?.verdict?.by, rollout?.verdict?.verdict], ['system:monitoring', 'roll_back'])

  const slow = await released(t, { analysis: { slowdown: 1.5 } })
  const other = slow.start()
  await slow.answer('champion', { requests: 500 })
  await slow.answer('canary', { requests: 500, latencyMs: 10 })
  await other.runCheck(deployment)
  assert.match((await slow.trial(other)).reason ?? '', /2\.\d+ times \[.*\], allowed are 1\.5/)
})

test('goes on after a restart where it was, and a look that sees nothing new changes nothing', async (t) => {
  const { start, both, trial, clock } = await released(t)
  await both({ requests: 150 })
  await start().runCheck(deployment)
  clock.time += minuteMs
  await both({ requests: 150 })
  const service = start()
  await service.runCheck(deployment)
  const { verdict, verdicts } = await trial(service)
  assert.deepEqual([verdict?.canary.rows, verdict?.canary.requests, verdict?.decision], [300, 300, 'advance'])
  assert.deepEqual(
    verdicts.map(({ checks }) => checks.map(({ check, seen }) => `${check} ${seen}`).join(', ')),
    [
      'errors 150, refusals 150, latency 150, scores 150',
      'errors 300, refusals 300, latency 300, scores 300',
    ],
  )
  await start().runCheck(deployment)
  assert.equal((await trial(service)).verdicts.length, 2)
})

test('raises an alert for a step that stays undecided, and takes it back when it goes on', async (t) => {
  const { start, both, clock, pass, serving } = await released(t, { analysis: { maximum_duration: '1d' } })
  const service = start()
  await both({ requests: 20 })
  await service.runCheck(deployment)
  assert.deepEqual(await service.alerts({ monitor: deployment, limit: 5 }), [])
  clock.time += 25 * 60 * minuteMs
  await service.runCheck(deployment)
  await service.runCheck(deployment)
  const [alert, ...more] = await service.alerts({ monitor: deployment, limit: 5 })
  assert.deepEqual([alert?.kind, alert?.state, more.length], ['release', 'firing', 0])
  assert.match(alert?.reason ?? '', /undecided for 1d.*longer than 1d.*20 of 200 predictions/)
  await both({ requests: 300 })
  await service.runCheck(deployment)
  await pass(serving, 10 * minuteMs)
  await service.runCheck(deployment)
  assert.deepEqual(
    (await service.alerts({ monitor: deployment, limit: 5 })).map(({ state }) => state),
    ['resolved'],
  )
})

test('does not let go what a person holds, but harm ends it', async (t) => {
  const { start, both, answer, serving, pass, answering } = await released(t)
  const service = start()
  await serving.rollouts.decide(deployment, { verdict: 'hold', reason: 'not before Monday' }, caller)
  await both({ requests: 400 })
  await service.runCheck(deployment)
  await pass(serving, 11 * minuteMs)
  assert.equal(answering(deployment)[1]?.[2], 10)
  await answer('canary', { requests: 10, failed: 200 })
  await service.runCheck(deployment)
  assert.deepEqual(answering(deployment), [['champion', 1, 100]])
})

test('judges by the monitor where the release says nothing, and by the release where it does', async (t) => {
  const monitors = { [deployment]: monitorSchema.parse({ drift: false, canary: { minimum_requests: 50 } }) }
  const byMonitor = await released(t, { monitors })
  await byMonitor.both({ requests: 60 })
  const service = byMonitor.start()
  await service.check(deployment)
  assert.equal((await byMonitor.trial(service)).verdict?.checks[0]?.needed, 50)
  const byRelease = await released(t, { monitors, analysis: { minimum_requests: 70 } })
  const other = byRelease.start()
  await other.check(deployment)
  assert.equal((await byRelease.trial(other)).verdict?.checks[0]?.needed, 70)
})

test('reads what a shadow said from its own log, and lets it end without letting it answer', async (t) => {
  const { start, answer, trial, serving, pass, answering } = await released(t, {
    release: { strategy: 'shadow', model: 'flights@challenger', for: '10m' },
    analysis: { slowdown: 1.1 },
  })
  const service = start()
  await answer('champion', { requests: 300 })
  await answer('shadow', { requests: 300, latencyMs: 9 })
  await service.runCheck(deployment)
  const { verdict } = await trial(service)
  assert.deepEqual(
    verdict?.checks.map(({ check, seen, verdict: word }) => `${check} ${seen} ${word}`),
    ['errors 300 pass', 'refusals 300 pass', 'latency 300 pass', 'scores 300 pass'],
  )
  assert.equal(verdict?.decision, 'advance')
  await pass(serving, minuteMs)
  await pass(serving, 10 * minuteMs)
  await service.runCheck(deployment)
  assert.deepEqual(answering(deployment), [['champion', 1, 100]])
  assert.equal((await trial(service)).state, 'ended')
})
