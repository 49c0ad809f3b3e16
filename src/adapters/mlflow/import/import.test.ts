import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, it } from 'node:test'
import { createClient } from '#contract/client'
import { createRegistryStage, registryMigrations } from '#lifecycle/registry/index'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { localCaller } from '#platform/access/access'
import type { Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { createDispatch, localTransport } from '#platform/dispatch'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { mlflowImportContract } from './contract.ts'
import {
  deleted,
  loggedModel,
  parent,
  running,
  writeDatabase,
  writeFileStore,
} from './mlflow-stores.fixture.ts'
import { createMlflowImportStage } from './stage.ts'

let folder = ''
before(() => (folder = mkdtempSync(join(tmpdir(), 'devmlops-import-'))))
after(() => rmSync(folder, { recursive: true }))

async function opened(open: () => Promise<Database>) {
  const { platform, close } = fixturePlatform(await open())
  const tracking = createTrackingStage({ platform })
  const registry = createRegistryStage({ platform, tracking: tracking.service })
  const stage = createMlflowImportStage({ platform, tracking: tracking.service })
  for (const kind of stage.jobKinds ?? []) platform.jobs.register(kind)
  await platform.jobs.start()
  const transport = localTransport(stage.routes, createDispatch(platform), { caller: localCaller() })
  const imports = createClient(mlflowImportContract, transport)
  return {
    platform,
    tracking: tracking.service,
    registry: registry.service,
    bring: async (source: string, options: { experimentPrefix?: string } = {}) => {
      const { id } = await imports.start({ source, ...options })
      await platform.jobs.wait(id)
      const ended = await imports.get({ importId: id })
      assert.equal(ended.error, null)
      return ended
    },
    start: (source: string) => imports.start({ source }),
    close: async () => {
      await platform.jobs.stop()
      await close()
    },
  }
}

forEachEngine(
  'an import from MLflow',
  [...platformMigrations, ...trackingMigrations, ...registryMigrations],
  (open, engine) => {
    it('brings a folder as it was: ids, times, states, every point, files, models', async () => {
      const source = join(folder, engine, 'mlruns')
      writeFileStore(source)
      const { tracking, registry, bring, close } = await opened(open)
      const { counts, problems, leftBehind } = await bring(source)
      const run = await tracking.getRun(parent)
      assert.deepEqual(
        [run.name, run.status, run.user, run.startedAt, run.endedAt, run.lifecycleStage],
        ['parent', 'FINISHED', 'root', 1795387686097, 1795387696156, 'active'],
      )
      assert.deepEqual(run.params, { 'weird/key': 'line1\nline2' })
      assert.deepEqual(run.tags, { 'mlflow.runName': 'parent', quote: 'it\'s: "x" #y' })
      assert.deepEqual(run.inputs, [
        {
          name: 'train',
          digest: '73686bdc',
          sourceType: 's3',
          source: '{"uri": "s3://bucket/x.csv"}',
          profile: '{"num_rows": 50}',
          context: 'training',
          tags: {},
        },
      ])
      assert.deepEqual(run.outputs, [{ modelId: loggedModel, step: 7 }])
      const history = await tracking.metricHistory(parent, { key: 'deep/special', limit: 10 })
      assert.deepEqual(
        history.map(({ timestamp, step, value }) => [timestamp, step, String(value)]),
        [
          [5, -3, 'NaN'],
          [6, -2, String(Number.MAX_VALUE)],
          [7, 9007199254740, '1e-300'],
        ],
      )
      assert.equal((await tracking.metricHistory(parent, { key: 'loss', limit: 10 })).length, 2)
      assert.equal(Buffer.from(await tracking.readArtifact(parent, 'notes/ü file.txt')).toString(), 'hello')
      const gone = await tracking.getRun(deleted)
      assert.deepEqual([gone.lifecycleStage, gone.status], ['deleted', 'FAILED'])
      assert.deepEqual((await tracking.getRun(running)).endedAt, undefined)
      const model = await tracking.getLoggedModel(loggedModel)
      assert.deepEqual(
        [model.name, model.status, model.sourceRunId, model.createdAt, model.params, model.metrics.length],
        ['clf', 'READY', parent, 1795387686168, { p: '1' }, 1],
      )
      const version = await registry.getVersion('churn', 'champion')
      assert.deepEqual(
        [version.version, version.stage, version.description, version.runId, version.flavors],
        [1, 'Production', 'first', parent, ['python_function']],
      )
      assert.deepEqual(
        version.artifacts.map(({ path }) => path),
        ['MLmodel'],
      )
      await assert.rejects(registry.getVersion('churn', '2'), { code: 'not_found' })
      assert.equal((await registry.getVersion('churn', '4')).source, 'gs://elsewhere/model')
      const experiment = await tracking.findExperimentByName('iris ü/1')
      assert.deepEqual([experiment?.createdAt, run.experimentId], [1795387686013, experiment?.id])
      assert.equal((await tracking.getExperiment('0')).tags['team'], 'alpha')
      assert.deepEqual(
        [counts['runs'], counts['versions'], counts['loggedModels'], counts['artifacts']],
        [3, 2, 1, 2],
      )
      assert.deepEqual(leftBehind, [{ what: 'traces', count: 1 }])
      assert.deepEqual(problems, [
        { subject: 'gs://elsewhere/model', reason: 'artifacts at "gs" are not read' },
      ])
      await close()
    })

    it('brings only what is new when it is repeated', async () => {
      const source = join(folder, engine, 'again')
      writeFileStore(source)
      const { tracking, bring, close } = await opened(open)
      await bring(source)
      const again = await bring(source)
      assert.deepEqual(
        [
          again.counts['runs'],
          again.counts['versions'],
          again.counts['artifacts'],
          again.counts['knownRuns'],
        ],
        [0, 0, 0, 3],
      )
      const metrics = join(source, '839799856701022325', parent, 'metrics', 'loss')
      writeFileSync(metrics, '1795387686104 1.0 0\n1795387686105 0.5 1\n1795387686106 0.25 2\n')
      await bring(source)
      assert.deepEqual(
        (await tracking.metricHistory(parent, { key: 'loss', limit: 10 })).map(({ value }) => value),
        [1, 0.5, 0.25],
      )
      assert.equal((await tracking.getRun(parent)).metrics.find(({ key }) => key === 'loss')?.value, 0.25)
      await close()
    })

    it('reads a database in pages, and goes on where it was cut off', async () => {
      const path = join(folder, `${engine}.db`)
      writeDatabase(path, { runs: 450, points: 20 })
      const { tracking, platform, bring, start, close } = await opened(open)
      const { id } = await start(`sqlite:///${path}`)
      await platform.jobs.cancel(id)
      const { counts } = await bring(`sqlite:///${path}`, { experimentPrefix: 'old ' })
      const [runs = 0, known = 0] = [counts['runs'], counts['knownRuns']]
      assert.equal(runs + known, 450)
      const last = (449).toString(16).padStart(32, '0')
      const history = await tracking.metricHistory(last, { key: 'loss', limit: 100 })
      assert.equal(history.length, 20)
      assert.ok(Number.isNaN(history[1]?.value))
      assert.equal((await tracking.getRun(last)).params['depth'], '449')
      await close()
    })
  },
)

describe('a source that is none', () => {
  const sources: [name: string, make: () => string, expected: { code: string; message: RegExp }][] = [
    ['an empty folder', () => folder, { code: 'invalid_input', message: /is not an mlruns folder/ }],
    ['nothing', () => join(folder, 'nowhere'), { code: 'not_found', message: /There is no file or folder/ }],
    [
      'a file of something else',
      () => {
        writeFileSync(join(folder, 'x.txt'), 'hello')
        return join(folder, 'x.txt')
      },
      { code: 'invalid_input', message: /neither an mlruns folder nor an SQLite database/ },
    ],
    [
      'a database of something else',
      () => {
        const database = new DatabaseSync(join(folder, 'other.db'))
        database.exec('create table a (b)')
        database.close()
        return `sqlite:///${join(folder, 'other.db')}`
      },
      { code: 'invalid_input', message: /is not an MLflow database/ },
    ],
    [
      'a database in a form that is not known',
      () => {
        const path = join(folder, 'strange.db')
        writeDatabase(path, { runs: 0, points: 0 })
        const database = new DatabaseSync(path)
        database.exec(
          "alter table runs rename column status to state; update alembic_version set version_num = 'abc'",
        )
        database.close()
        return path
      },
      { code: 'unreadable_data', message: /schema version abc, which is not known: runs has no status/ },
    ],
    [
      'a server that does not answer',
      () => 'http://127.0.0.1:9/',
      { code: 'server_unreachable', message: /No answer from http:\/\/127\.0\.0\.1:9/ },
    ],
    [
      'an unknown scheme',
      () => 'ftp://x',
      { code: 'invalid_input', message: /no folder, database or server/ },
    ],
  ]
  forEachEngine(
    'asked for',
    [...platformMigrations, ...trackingMigrations, ...registryMigrations],
    (open, engine) => {
      if (engine !== 'sqlite') return
      for (const [name, make, expected] of sources) {
        it(`is told at once, and leaves nothing: ${name}`, async () => {
          const { start, platform, close } = await opened(open)
          await assert.rejects(start(make()), expected)
          assert.deepEqual(await platform.jobs.list({ limit: 10 }), [])
          await close()
        })
      }
    },
  )
})
