import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Trace } from '#lifecycle/registry/contract'
import type { DeploymentView } from '#lifecycle/serving/contract'
import { createRandom } from '#platform/random'
import { ask, refusal, startServer, until, type ServerProcess } from './program.fixture.ts'

const python = process.env['DEVMLOPS_TEST_PYTHON'] ?? 'python3'
const probe = spawnSync(python, ['-c', 'import mlflow, sklearn, pyarrow'], { stdio: 'ignore' })
const skip = probe.status === 0 ? false : 'no Python with mlflow; DEVMLOPS_TEST_PYTHON names one'

const project = `project: python-models
data:
  flights: { source: { files: flights.csv }, mode: append, time: day }
pipelines:
  train:
    steps:
      prepare:
        sql: |
          CREATE TABLE training AS SELECT * FROM flights WHERE day < '2024-03-01';
          CREATE TABLE holdout AS SELECT * FROM flights WHERE day >= '2024-03-01';
        inputs: { flights: data.flights }
        outputs: [training, holdout]
      fit:
        run: [${JSON.stringify(python)}, -W, ignore, fit.py]
        inputs: { training: prepare.training }
        outputs: { model: model.json, folder: folder/ }
      evaluate:
        evaluate: { candidates: [fit.model, fit.folder], data: prepare.holdout, label: late, model: flights }
      register:
        register: { evaluation: evaluate, model: flights }
  judge:
    steps:
      evaluate:
        evaluate: { candidates: 'models:/strict/1', data: data.flights, label: late, model: strict }
models:
  flights: { task: binary, gates: [{ metric: roc_auc, at_least: 0.7 }] }
  strict: { task: binary, gates: [{ metric: roc_auc, at_least: 0.999 }] }
deployments:
  flights: { model: flights@champion }
`

/** Late when far, delayed or from Atlanta, with chance in it; every seventh delay is missing. */
function flights(): string {
  const random = createRandom(3)
  const lines = Array.from({ length: 2000 }, (_, index) => {
    const day = new Date(Date.UTC(2024, 0, 1) + index * 3_600_000).toISOString().slice(0, 19)
    const distance = 50 + random.below(2950)
    const delay = 60 * random.uniform() - 30
    const origin = random.uniform() < 0.5 ? 'ATL' : 'JFK'
    const late = distance / 1000 + delay / 20 + 3 * (random.uniform() - 0.5) > 1.5 ? 1 : 0
    return `${day},${distance},${index % 7 === 0 ? '' : delay.toFixed(2)},${origin},${late}`
  })
  return ['day,distance,delay,origin,late', ...lines].join('\n')
}

describe('a model that Python logs in a pipeline', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'python-models-'))
  let server: ServerProcess
  let url = ''

  before(async () => {
    writeFileSync(join(directory, 'devmlops.yaml'), project)
    writeFileSync(join(directory, 'flights.csv'), flights())
    writeFileSync(
      join(directory, 'fit.py'),
      readFileSync(join(import.meta.dirname, 'fit_flights.fixture.py')),
    )
    server = await startServer(directory, [], {
      DEVMLOPS_PYTHON: python,
      DEVMLOPS_PYTHON_ENVIRONMENT: 'as-is',
      DEVMLOPS_PYTHON_WORKERS: '1',
    })
    await ask(directory, ['data', 'add', 'flights'])
    await ask(directory, ['run', 'train'])
    await ask(directory, ['run', 'judge'])
    url = (await ask<DeploymentView>(directory, ['deploy', 'flights'])).live?.url ?? ''
  })
  after(async () => {
    await server.stop()
    rmSync(directory, { recursive: true, force: true })
  })

  const send = async (path: string, body: object) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: response.status, body: (await response.json()) as never }
  }
  const columns = ['distance', 'delay', 'origin']
  const split = {
    dataframe_split: {
      columns,
      data: [
        [2900, 25, 'ATL'],
        [60, null, 'JFK'],
      ],
    },
  }

  it('wins by its gates and becomes a version with its report', async () => {
    const { version } = await ask<Pick<Trace, 'version'>>(directory, ['models', 'show', 'flights@champion'])
    assert.equal(version.evaluation?.verdict, 'passed')
    const paths = version.artifacts.map(({ path }) => path)
    for (const path of ['MLmodel', 'model.pkl', 'evaluation.json', 'reference-profile.json'])
      assert.ok(paths.includes(path), path)
  })

  it('answers in all protocols what the log then holds', async () => {
    assert.deepEqual(await send('/deployments/flights/invocations', split), {
      status: 200,
      body: { predictions: [1, 0] },
    })
    const { body } = await send('/deployments/flights/predict', {
      rows: [{ distance: 2900, delay: 25, origin: 'ATL' }],
      ids: ['mine'],
    })
    const [predicted] = (body as { predictions: Record<string, number>[] }).predictions
    assert.equal(predicted?.['label'], 1)
    const inferred = await send('/v2/models/flights/infer', {
      inputs: [
        { name: 'distance', datatype: 'INT64', shape: [1], data: [2900] },
        { name: 'delay', datatype: 'FP64', shape: [1], data: [25] },
        { name: 'origin', datatype: 'BYTES', shape: [1], data: ['ATL'] },
      ],
    })
    const { outputs } = inferred.body as { outputs: { name: string; data: number[] }[] }
    assert.deepEqual(outputs[0]?.data, [predicted?.['probability']])
    const items = await ask<{ id: string; outputs: object }[]>(directory, ['predictions', 'flights'])
    const logged = items.find(({ id }) => id === 'mine')
    assert.deepEqual(logged?.outputs, { probability: predicted?.['probability'], label: 1 })
  })

  it('refuses what its signature does not have', async () => {
    const { status, body } = await send('/deployments/flights/predict', {
      rows: [{ distance: 1.5, origin: 'ATL' }],
    })
    assert.equal(status, 400)
    assert.match((body as { detail: string }).detail, /rows\[0\]\.distance is 1\.5, but the field is a long/)
  })

  it('that was registered before it was judged is refused, when its gates fail', async () => {
    const { problem } = await refusal(directory, ['models', 'promote', 'strict', '1', '--alias', 'champion'])
    assert.equal(problem.code, 'gate_failed')
  })

  it(
    'is answered without a failure while its worker is killed',
    { skip: process.platform !== 'linux' },
    async () => {
      const [worker] = workers(directory)
      const answers: number[] = []
      const asking = Array.from({ length: 4 }, async () => {
        for (let call = 0; call < 10; call++)
          answers.push((await send('/deployments/flights/invocations', split)).status)
      })
      process.kill(worker ?? 0, 'SIGKILL')
      await Promise.all(asking)
      assert.deepEqual(new Set(answers), new Set([200]))
      assert.notDeepEqual(workers(directory), [worker])
    },
  )

  it(
    'leaves no worker behind when the endpoints are killed',
    { skip: process.platform !== 'linux' },
    async () => {
      const record = JSON.parse(
        readFileSync(join(directory, '.devmlops', 'serving', 'process.json'), 'utf8'),
      ) as {
        pid: number
      }
      const before = workers(directory)
      assert.ok(before.length > 0)
      process.kill(record.pid, 'SIGKILL')
      await until(
        () => (workers(directory).some((pid) => before.includes(pid)) ? undefined : true),
        'the workers end',
      )
    },
  )
})

/** Processes that run in the folders of loaded models of the project. */
function workers(directory: string): number[] {
  const models = join(directory, '.devmlops', 'python', 'models')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && workingFolder(name).startsWith(models))
    .map(Number)
}

function workingFolder(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    // It has ended, or belongs to somebody else.
    return ''
  }
}
