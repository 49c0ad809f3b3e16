import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as z from 'zod'
import { DevmlopsError } from '#contract/errors'
import type { StepKind } from './index.ts'
import { finished, openStage, type StageFixture } from './stage.fixture.ts'

const twoSteps = `
train:
  parameters: { threshold: 2, label: big }
  steps:
    prepare:
      sql: sql/prepare.sql
      inputs: { numbers: data.numbers }
      outputs: [large, small]
    count:
      sql: SELECT count(*) AS n, $label AS label FROM large
      inputs: { large: prepare.large }
      outputs: [total]
`
const prepareSql = `
-- It's a comment; $threshold here is no parameter.
CREATE TEMP TABLE doubled AS SELECT x * 2 AS x FROM numbers;
CREATE TABLE large AS SELECT * FROM doubled WHERE x > $threshold;
CREATE VIEW small AS SELECT * FROM doubled WHERE x <= $threshold;
`

describe('a pipeline of SQL steps', async () => {
  let stage: StageFixture
  before(async () => {
    stage = await openStage({ pipelines: twoSteps })
    stage.write('sql/prepare.sql', prepareSql)
    stage.setDataset('numbers', 'x\n1\n2\n3\n')
  })
  after(() => stage.close())

  const states = (run: { steps: readonly { step: string; state: string }[] }) =>
    Object.fromEntries(run.steps.map(({ step, state }) => [step, state]))

  it('runs each step once and keeps what it made', async () => {
    const run = await stage.run({ pipeline: 'train' })
    assert.equal(run.state, 'succeeded', JSON.stringify(run.failure))
    const [prepare, count] = run.steps
    assert.deepEqual(
      prepare?.outputs.map(({ name, kind, rows }) => ({ name, kind, rows })),
      [
        { name: 'large', kind: 'table', rows: 2 },
        { name: 'small', kind: 'table', rows: 1 },
      ],
    )
    assert.deepEqual(prepare?.reasons, ['it has never run'])
    assert.equal(count?.inputs[0]?.digest, prepare?.outputs[0]?.digest)
    assert.deepEqual(run.datasets, { 'data.numbers': 'numbers@1' })
  })

  it('runs nothing again when nothing changed, and is finished when start answers', async () => {
    const run = await stage.service.start(
      { pipeline: 'train', parameters: {}, force: false, only: [], trigger: { kind: 'manual' } },
      { name: 'ann' },
    )
    assert.equal(run.state, 'succeeded')
    assert.deepEqual(states(run), { prepare: 'cached', count: 'cached' })
    assert.match(run.steps[0]?.reasons[0] ?? '', /^unchanged since run /)
    assert.equal(run.steps[1]?.outputs[0]?.rows, 1)
  })

  it('says that the code changed, with both digests', async () => {
    stage.write('sql/prepare.sql', `${prepareSql}-- another comment\n`)
    const plan = await stage.service.plan({ pipeline: 'train', parameters: {}, force: false, only: [] })
    assert.match(
      plan[0]?.reasons.join() ?? '',
      /^code: sql\/prepare\.sql changed \([0-9a-f]{7} → [0-9a-f]{7}\)$/,
    )
    assert.equal(plan[1]?.action, 'decided-later')
    const run = await stage.run({ pipeline: 'train' })
    // The comment made no other rows, so the step after it has nothing to do.
    assert.deepEqual(states(run), { prepare: 'succeeded', count: 'cached' })
  })

  it('says that the data changed, with both versions', async () => {
    stage.setDataset('numbers', 'x\n1\n2\n3\n4\n')
    const run = await stage.run({ pipeline: 'train' })
    assert.deepEqual(run.steps[0]?.reasons, ['data: numbers changed (numbers@1 → numbers@2)'])
    assert.match(run.steps[1]?.reasons[0] ?? '', /^data: large changed \([0-9a-f]{7} → [0-9a-f]{7}\)$/)
  })

  it('says which parameter changed, and only the step that uses it runs', async () => {
    const run = await stage.run({ pipeline: 'train', parameters: { label: "it's" } })
    assert.deepEqual(states(run), { prepare: 'cached', count: 'succeeded' })
    assert.deepEqual(run.steps[1]?.reasons, [`parameters: label changed ("big" → "it's")`])
    const back = await stage.run({ pipeline: 'train' })
    assert.deepEqual(states(back), { prepare: 'cached', count: 'cached' })
  })

  it('runs again what is no longer stored', async () => {
    const latest = await stage.service.get('latest')
    const output = latest.steps[1]?.outputs[0]
    await stage.platform.blobs.remove(output?.digest as `sha256:${string}`)
    const run = await stage.run({ pipeline: 'train' })
    assert.deepEqual(run.steps[1]?.reasons, ['what it made is no longer stored'])
    assert.equal(run.steps[1]?.outputs[0]?.digest, output?.digest, 'the same input makes the same bytes')
  })

  it('runs what is asked for: one step, all, from one on, or only a part', async () => {
    assert.deepEqual(states(await stage.run({ pipeline: 'train', force: ['count'] })), {
      prepare: 'cached',
      count: 'succeeded',
    })
    assert.deepEqual(states(await stage.run({ pipeline: 'train', from: 'prepare' })), {
      prepare: 'succeeded',
      count: 'succeeded',
    })
    assert.deepEqual(states(await stage.run({ pipeline: 'train', only: ['prepare'] })), { prepare: 'cached' })
  })

  it('names the line of the SQL that fails, and leaves out what follows', async () => {
    stage.write('sql/prepare.sql', 'CREATE TABLE large AS SELECT 1;\n\nSELECT nothing FROM numbers;\n')
    const run = await stage.run({ pipeline: 'train' })
    assert.equal(run.state, 'failed')
    assert.deepEqual(states(run), { prepare: 'failed', count: 'skipped' })
    assert.match(run.steps[0]?.failure?.message ?? '', /^sql\/prepare\.sql:3: .*nothing/)
    assert.equal(run.failure?.code, 'step_failed')
    assert.deepEqual(run.steps[1]?.reasons, ['prepare failed'])
    stage.write('sql/prepare.sql', prepareSql)
  })

  it('does not let SQL reach files that are not its inputs', async () => {
    stage.write('sql/prepare.sql', "CREATE TABLE large AS SELECT * FROM read_text('/etc/hostname');")
    const run = await stage.run({ pipeline: 'train' })
    assert.match(run.failure?.message ?? '', /Permission|disabled/)
    stage.write('sql/prepare.sql', prepareSql)
  })

  it('refuses unknown pipelines, steps and parameters, and values of the wrong type', async () => {
    await assert.rejects(stage.run({ pipeline: 'trian' }), { code: 'not_found', hint: 'Did you mean train?' })
    await assert.rejects(stage.run({ pipeline: 'train', from: 'prepar' }), { hint: 'Did you mean prepare?' })
    await assert.rejects(stage.run({ pipeline: 'train', parameters: { treshold: 1 } }), {
      hint: 'Did you mean threshold?',
    })
    await assert.rejects(stage.run({ pipeline: 'train', parameters: { threshold: 'many' } }), {
      code: 'invalid_input',
    })
  })

  it('tells how each run and each step ended, once', async () => {
    const run = await stage.run({ pipeline: 'train', force: true })
    const events = await stage.platform.events.list({ subject: `pipeline-run/${run.id}`, limit: 10 })
    assert.deepEqual(
      events.map(({ type, actor, payload }) => [type, actor, payload['state'] ?? payload['pipeline']]),
      [
        ['pipeline.started', 'ann', 'train'],
        ['step.finished', 'ann', 'succeeded'],
        ['step.finished', 'ann', 'succeeded'],
        ['pipeline.finished', 'ann', 'succeeded'],
      ],
    )
  })
})

/** A kind whose work a test decides. */
function scripted(run: StepKind<string>['run']): StepKind<string> {
  return {
    name: 'scripted',
    summary: 'For tests',
    schema: z.string(),
    version: '1',
    outputs: (_config, step) => Object.keys(step.outputs).map((name) => ({ name, kind: 'json' })),
    run,
  }
}

describe('running steps', () => {
  it('runs steps side by side where the graph allows', async () => {
    const bothRun = Promise.withResolvers<void>()
    let waiting = 0
    const kind = scripted(async ({ config }) => {
      if (config !== 'wait') return {}
      waiting += 1
      if (waiting === 2) bothRun.resolve()
      // Each waits for the other, so this can end only when both run at once.
      await bothRun.promise
      return {}
    })
    const stage = await openStage({
      kinds: [kind],
      pipelines: `
p:
  steps:
    left: { scripted: wait, timeout: 10s }
    right: { scripted: wait, timeout: 10s }
    last: { scripted: alone, needs: [left, right] }
`,
    })
    const run = await stage.run({ pipeline: 'p' })
    assert.equal(run.state, 'succeeded', JSON.stringify(run.failure))
    const [left, right, last] = run.steps
    assert.ok((left?.startedAt ?? 0) <= (right?.finishedAt ?? 0))
    assert.ok((right?.startedAt ?? 0) <= (left?.finishedAt ?? 0))
    assert.ok((last?.startedAt ?? 0) >= Math.max(left?.finishedAt ?? 0, right?.finishedAt ?? 0))
    await stage.close()
  })

  it('tries again as often as it may, and keeps the log of every try', async () => {
    const kind = scripted(async ({ attempt, log, config }) => {
      log(`try ${attempt}`)
      if (config === 'broken' || attempt < 3) throw new DevmlopsError('step_failed', 'not yet')
      return {}
    })
    const stage = await openStage({
      kinds: [kind],
      pipelines: `
p:
  steps:
    flaky: { scripted: third, retries: 2, retry_delay: 1ms }
    broken: { scripted: broken, retries: 1, retry_delay: 1ms }
    other: { scripted: third, retries: 5, retry_delay: 1ms, needs: [flaky] }
`,
    })
    const run = await stage.run({ pipeline: 'p' })
    assert.deepEqual(
      run.steps.map(({ state, attempt }) => [state, attempt]),
      [
        ['succeeded', 3],
        ['failed', 2],
        ['cached', 0],
      ],
      'one failed step leaves the others alone, and equal steps share their result',
    )
    assert.deepEqual(run.steps[1]?.failure, {
      code: 'step_failed',
      message: 'not yet',
      lastLines: ['try 2'],
    })
    await stage.close()
  })

  it('stops a kind that does not end in time, and says what the limit was', async () => {
    const kind = scripted(async ({ signal }) => {
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('the abort broke it')))
      })
      return {}
    })
    const stage = await openStage({
      kinds: [kind],
      pipelines: 'p: { steps: { slow: { scripted: x, timeout: 30ms } } }',
    })
    const run = await stage.run({ pipeline: 'p' })
    assert.equal(run.steps[0]?.failure?.message, 'It took longer than its limit of 30ms.')
    await stage.close()
  })

  it('cancels what runs, leaves out what waits, and keeps what is finished', async () => {
    const kind = scripted(async ({ config, signal }) => {
      if (config === 'quick') return { made: { kind: 'json', value: { b: 1, a: [null, 'x'] } } }
      await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
      return {}
    })
    const stage = await openStage({
      kinds: [kind],
      pipelines: `
p:
  steps:
    first: { scripted: quick, outputs: [made] }
    second: { scripted: hang, inputs: { document: first.made } }
    third: { scripted: quick, needs: [second] }
`,
    })
    const request = { parameters: {}, force: false, only: [], trigger: { kind: 'manual' } } as const
    let run = await stage.service.start({ pipeline: 'p', ...request }, { name: 'ann' })
    while (run.steps[1]?.state !== 'running') {
      run = await stage.service.get(run.id, { revision: run.revision, waitMs: 1000, signal: undefined })
    }
    const waiting = await stage.service.start({ pipeline: 'p', ...request }, { name: 'bob' })
    assert.equal((await stage.service.get(waiting.id)).state, 'queued', 'one run of a pipeline at a time')
    await stage.service.cancel(waiting.id, { name: 'bob' })
    assert.equal((await finished(waiting, stage.service)).state, 'cancelled')

    const cancelled = await stage.service.cancel(run.id, { name: 'ann' })
    assert.equal(cancelled.state, 'cancelled')
    assert.deepEqual(
      cancelled.steps.map(({ state }) => state),
      ['succeeded', 'cancelled', 'cancelled'],
    )
    await assert.rejects(stage.service.cancel(run.id, { name: 'ann' }), { code: 'conflict' })
    const digest = cancelled.steps[0]?.outputs[0]?.digest as `sha256:${string}`
    assert.equal(new TextDecoder().decode(await stage.platform.blobs.get(digest)), '{"a":[null,"x"],"b":1}')
    await stage.close()
  })

  it('goes on with an interrupted run when the process comes back, without repeating what is finished', async () => {
    const ran: string[] = []
    let hold = true
    const kind = scripted(async ({ step, signal }) => {
      ran.push(step)
      if (step === 'second' && hold) {
        await new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        })
      }
      return {}
    })
    const pipelines = 'p: { steps: { first: { scripted: a }, second: { scripted: b, needs: [first] } } }'
    const stage = await openStage({ kinds: [kind], pipelines })
    const request = { parameters: {}, force: true, only: [], trigger: { kind: 'manual' } } as const
    let run = await stage.service.start({ pipeline: 'p', ...request }, { name: 'ann' })
    while (run.steps[1]?.state !== 'running') {
      run = await stage.service.get(run.id, { revision: run.revision, waitMs: 1000, signal: undefined })
    }
    // An orderly end of the process: the job goes back to the queue and the run stays as it is.
    await stage.platform.jobs.stop()
    const after = await stage.service.get(run.id)
    assert.deepEqual([after.state, after.steps[1]?.state], ['running', 'running'])
    hold = false
    const { createJobs } = await import('#platform/jobs/index')
    const { createPipelinesStage } = await import('./index.ts')
    const jobs = createJobs(stage.platform)
    const next = createPipelinesStage({
      platform: { ...stage.platform, jobs },
      project: async () => ({ directory: stage.directory, environment: {}, pipelines: {} }),
      datasets: { resolveDataset: () => assert.fail(), openDataset: () => assert.fail() },
      executor: {
        name: 'none',
        launch: () => assert.fail(),
        stopOrphan: async () => undefined,
      },
      kinds: [kind],
    })
    for (const jobKind of next.stage.jobKinds ?? []) jobs.register(jobKind)
    await jobs.start()
    const done = await finished(await next.service.get(run.id), next.service)
    assert.equal(done.state, 'succeeded')
    assert.deepEqual(ran, ['first', 'second', 'second'])
    assert.equal(done.steps[1]?.attempt, 2)
    await jobs.stop()
    await stage.close()
  })
})
