import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createFlightsProject, type Flight, type FlightsProject } from './flights-project.fixture.ts'
import { ask, command, startServer, until, type ServerProcess } from './program.fixture.ts'
import type { AddResult } from '#lifecycle/data/versions/dataset-version'
import type { PredictionTrace } from '#lifecycle/governance/contract'
import type { Alert, CheckResult, MonitorStatus } from '#lifecycle/monitoring/contract'
import type { PipelineRunDetail, PipelineRunView, PlannedStep } from '#lifecycle/pipelines/contract'
import type { ModelVersion } from '#lifecycle/registry/contract'
import type { DeploymentView } from '#lifecycle/serving/contract'

const deployment = 'small-flights'

interface Prediction {
  readonly id: string
  readonly probability: number
  readonly version: number
  readonly variant: string
}

describe('the whole loop, by the command line against a running server', () => {
  let project: FlightsProject
  let server: ServerProcess
  let endpoint: string
  let traced: Prediction
  const run = <Answer>(...words: string[]): Promise<Answer> => ask<Answer>(project.directory, words)

  before(async () => {
    project = await createFlightsProject()
    server = await startServer(project.directory)
  })
  after(async () => {
    await server.stop()
    project.remove()
  })

  it('takes in data, whatever format it comes in', async () => {
    await project.arrive('2001-01.parquet', ['2001-01-01', '2001-02-01'])
    await project.arrive('2001-02.csv', ['2001-02-01', '2001-02-26'])
    const { version, arrivals } = await run<AddResult>('data', 'add', 'flights')
    assert.deepEqual([version?.version, version?.rows], [1, 120 * 56])
    assert.deepEqual(
      arrivals.map(({ state, rows }) => [state, rows]),
      [
        ['accepted', 120 * 31],
        ['accepted', 120 * 25],
      ],
    )
  })

  it('trains three candidates on what a command and SQL have prepared, and registers the best', async () => {
    const trained = await run<PipelineRunDetail>('run', 'train')
    assert.deepEqual(
      trained.steps.map(({ step, state }) => [step, state]),
      ['airports', 'prepare', 'train', 'evaluate', 'register'].map((step) => [step, 'succeeded']),
    )
    const { log } = await run<{ log: string }>('pipelines', 'logs', trained.id, 'airports')
    assert.match(log, /4 airports/)
    const prepared = trained.steps.find(({ step }) => step === 'prepare')
    assert.deepEqual(
      prepared?.outputs.map(({ name, rows }) => [name, rows]),
      [
        ['training', 28 * 120],
        ['holdout', 7 * 120],
      ],
    )
    const { version } = await run<{ version: ModelVersion }>('models', 'show', `${deployment}@champion`)
    assert.equal(version.version, 1)
    assert.equal(version.evaluation?.verdict, 'passed')
    assert.match(version.description, /gradient-boosting, best of 3/)
    const runs = await run<{ metrics: Record<string, unknown> }[]>('runs', 'list')
    assert.equal(runs.length, 3)
  })

  it('answers an unchanged pipeline from what is stored, and says so', async () => {
    const again = await run<PipelineRunDetail>('run', 'train')
    assert.deepEqual(new Set(again.steps.map(({ state }) => state)), new Set(['cached']))
    const { steps } = await run<{ steps: PlannedStep[] }>(
      'run',
      'train',
      '--dry-run',
      '--param',
      'holdout_days=6',
    )
    const prepare = steps.find(({ step }) => step === 'prepare')
    assert.equal(prepare?.action, 'run')
    assert.match(prepare.reasons.join(), /holdout_days/)
    assert.equal(steps.find(({ step }) => step === 'airports')?.action, 'cached')
  })

  it('answers the same over three protocols', async () => {
    const deployed = await run<DeploymentView>('deploy', deployment)
    assert.equal(deployed.live?.ready, true)
    endpoint = deployed.live?.url ?? ''
    const row = { hour: 18, distance: 719, origin: 'ORD', hub: 1 }
    const words = Object.entries(row).map(([name, value]) => `${name}=${value}`)
    const [asked] = await run<Prediction[]>('predict', deployment, ...words)
    assert.ok(asked !== undefined && asked.probability > 0.3 && asked.probability < 0.9)
    traced = asked
    const tensors = Object.entries(row).map(([name, value]) => ({
      name,
      shape: [1],
      datatype: typeof value === 'string' ? 'BYTES' : 'FP64',
      data: [value],
    }))
    const inferred = await post<{ outputs: { name: string; data: number[] }[] }>(
      `/v2/models/${deployment}/infer`,
      { inputs: tensors },
    )
    assert.equal(inferred.outputs.find(({ name }) => name === 'probability')?.data[0], asked.probability)
    const invoked = await post<{ predictions: { probability: number }[] }>('/invocations', {
      dataframe_records: [row],
    })
    assert.equal(invoked.predictions[0]?.probability, asked.probability)
  })

  it('scores a table in a pipeline exactly as the endpoint scores its rows', async () => {
    const scored = await run<PipelineRunDetail>('run', 'score')
    const path = `/api/v1/pipeline-runs/${scored.id}/steps/score/outputs/predictions`
    const bytes = await (await fetch(new URL(path, server.url))).bytes()
    const file = join(project.directory, 'scores.parquet')
    writeFileSync(file, bytes)
    const rows = await project.tables.rows(
      `SELECT hour, distance, origin, hub, probability, model_version FROM read_parquet('${file}')`,
    )
    assert.equal(rows.length, 50)
    assert.match(rows[0]?.['model_version'] as string, /^small-flights.*1$/)
    const inputs = rows.map(({ hour, distance, origin, hub }) => ({
      hour: Number(hour),
      distance,
      origin,
      hub,
    }))
    const predictions = await predict({ rows: inputs })
    assert.deepEqual(
      rows.map(({ probability }) => Math.fround(Number(probability))),
      predictions.map(({ probability }) => Math.fround(probability)),
    )
  })

  it('raises a drift alert when a unit changes, and starts no training for that', async () => {
    const week = await project.flights(['2001-02-26', '2001-03-05'])
    await replay(
      week.map((flight) => ({ ...flight, row: { ...flight.row, distance: flight.row.distance * 1.609 } })),
    )
    await replay(await project.flights(['2001-03-05', '2001-03-12']))
    await run<CheckResult[]>('monitor', 'run', deployment)
    const alerts = await run<Alert[]>('monitor', 'alerts', deployment, '--all')
    const distance = alerts.find(({ kind, subject }) => kind === 'drift' && subject === 'distance')
    assert.match(distance?.reason ?? '', /miles → kilometres/)
    // The score follows its input; hour, origin and hub are as they were.
    assert.deepEqual(
      alerts.filter(({ subject }) => ['hour', 'origin', 'hub'].includes(subject)),
      [],
    )
    assert.equal((await pipelineRuns('alert')).length, 0)
  })

  it('raises a performance alert when labels show decay, which trains a challenger on newer data', async () => {
    await project.arrive('2001-03.csv', ['2001-02-26', '2001-03-12'])
    await run<AddResult>('data', 'add', 'flights')
    const week = await project.flights(['2001-03-05', '2001-03-12'])
    // The week ends when an event after it is seen.
    await replay((await project.flights(['2001-03-12', '2001-03-13'])).slice(0, 1))
    await label(week)
    await run<CheckResult[]>('monitor', 'run', deployment)
    const firing = await run<Alert[]>('monitor', 'alerts', deployment)
    assert.deepEqual(
      firing.map(({ kind, state }) => [kind, state]),
      [['performance', 'firing']],
    )
    assert.match(firing[0]?.reason ?? '', /calibration_gap/)
    const [started] = await pipelineRuns('alert')
    assert.match(started?.trigger.reason ?? '', /calibration_gap/)
    await until(async () => {
      const [retraining] = await pipelineRuns('alert')
      assert.notEqual(retraining?.state, 'failed')
      return retraining?.state === 'succeeded' ? true : undefined
    }, 'the retraining')
    const { version } = await run<{ version: ModelVersion }>('models', 'show', `${deployment}@challenger`)
    assert.equal(version.version, 2)
  })

  it('gives the challenger its share of the traffic, and promotes it when labels prove it no worse', async () => {
    await until(
      async () =>
        (await variants()).some(({ name, version }) => name === 'canary' && version === 2) ? true : undefined,
      'the canary',
    )
    const week = await project.flights(['2001-03-13', '2001-03-20'])
    const predictions = await replay(week)
    const share = predictions.filter(({ version }) => version === 2).length / predictions.length
    // 840 draws at 30 % have a standard deviation of 1.6 points.
    assert.ok(Math.abs(share - 0.3) < 0.08, `the canary answered ${share}`)
    await label(week)
    await run<CheckResult[]>('monitor', 'run', deployment)
    const { canary } = await run<MonitorStatus>('monitor', 'show', deployment)
    assert.equal(canary?.state, 'promoted', canary?.verdict?.reason)
    assert.deepEqual(
      (await variants()).map(({ name, version, weight }) => [name, version, weight]),
      [['champion', 2, 100]],
    )
  })

  it('rolls back in one command, and goes forward again, without a failed request', async () => {
    const [flight] = await project.flights(['2001-03-20', '2001-03-21'])
    const answers: Prediction[] = []
    const asking = new AbortController()
    const traffic = (async () => {
      while (!asking.signal.aborted) answers.push(...(await predict({ rows: [flight?.row] })))
    })()
    await run('rollback', deployment, '--reason', 'a test of the brakes')
    await until(() => (answers.at(-1)?.version === 1 ? true : undefined), 'version 1')
    await run('models', 'promote', deployment, '2', '--alias', 'champion', '--reason', 'it won')
    await until(() => (answers.at(-1)?.version === 2 ? true : undefined), 'version 2')
    asking.abort()
    await traffic
    const versions = answers
      .map(({ version }) => version)
      .filter((version, at, all) => version !== all[at - 1])
    assert.deepEqual(versions, [2, 1, 2])
    const { canary } = await run<MonitorStatus>('monitor', 'show', deployment)
    assert.equal(canary?.state, 'promoted')
  })

  it('traces a prediction to version, run, data, parameters and commit', async () => {
    const { prediction, model } = await run<PredictionTrace>('trace', traced.id)
    assert.equal(prediction.outputs['probability'], traced.probability)
    assert.equal(model.version.version, 1)
    assert.equal(model.run?.id, model.version.runId)
    assert.equal(model.run?.params['trees'], '30')
    const { datasets, parameters, code } = model.version.lineage
    const shown = await run<{ version: { digest: string } }>('data', 'show', 'flights@1')
    assert.equal(datasets.find(({ role }) => role === 'source')?.digest, shown.version.digest)
    assert.deepEqual(
      datasets.map(({ role }) => role),
      ['source', 'training', 'evaluation'],
    )
    assert.deepEqual(parameters, { train_days: '28', holdout_days: '7' })
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: project.directory }).toString().trim()
    assert.deepEqual([code?.commit, code?.dirty], [commit, false])
  })

  it('keeps who changed what', async () => {
    const records = await run<{ action: string; outcome: string }[]>('audit')
    const actions = new Set(records.map(({ action }) => action))
    for (const action of [
      'data.add',
      'pipelines.start',
      'serving.deploy',
      'serving.rollback',
      'registry.promote',
    ])
      assert.ok(actions.has(action), `${action} in ${[...actions].join()}`)
  })

  it('refuses a command that does not exist with the nearest one that does', async () => {
    const { code, notes } = await command(project.directory, ['deployment'])
    assert.equal(code, 2)
    assert.match(notes, /devmlops deploy/)
  })

  async function post<Answer>(path: string, body: unknown): Promise<Answer> {
    const response = await fetch(new URL(path, endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const text = await response.text()
    assert.equal(response.status, 200, text)
    return JSON.parse(text) as Answer
  }

  /** Sends flights to the endpoint, many rows a request; each is routed on its own. */
  function replay(flights: readonly Flight[]): Promise<Prediction[]> {
    return predict({
      rows: flights.map(({ row }) => row),
      ids: flights.map(({ id }) => id),
      event_times: flights.map(({ eventTime }) => eventTime),
    })
  }

  async function predict(body: object): Promise<Prediction[]> {
    return (await post<{ predictions: Prediction[] }>(`/deployments/${deployment}/predict`, body)).predictions
  }

  async function label(flights: readonly Flight[]): Promise<void> {
    const lines = flights.map(({ id, late }) => `${id},${late}`)
    writeFileSync(join(project.directory, 'labels.csv'), `id,label\n${lines.join('\n')}\n`)
    const counted = await run<{ new: number; unknown: number }>(
      'feedback',
      deployment,
      '--file',
      'labels.csv',
    )
    assert.equal(counted.new, flights.length)
  }

  async function pipelineRuns(trigger: string): Promise<PipelineRunView[]> {
    const runs = await run<PipelineRunView[]>('pipelines', 'runs')
    return runs.filter((one) => one.trigger.kind === trigger)
  }

  async function variants(): Promise<DeploymentView['variants']> {
    return (await run<DeploymentView[]>('deployments'))[0]?.variants ?? []
  }
})
