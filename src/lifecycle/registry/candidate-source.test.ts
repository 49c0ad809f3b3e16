import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { candidateSource } from './candidate-source.ts'
import { modelSource } from './model-source.ts'
import { createRegistryService } from './service.ts'
import { registryMigrations } from './tables.ts'

const caller = { name: 'ada' }
const signature = `signature:
  inputs: '[{"type": "long", "name": "hour", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
`
const python = `flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.11.7
mlflow_version: 3.17.2
`
const onnx = `flavors:
  onnx: {data: graph.onnx}
  python_function: {loader_module: mlflow.onnx}
`

forEachEngine('candidates', [...platformMigrations, ...trackingMigrations, ...registryMigrations], (open) => {
  const withModels = async (use: (models: Awaited<ReturnType<typeof fixture>>) => Promise<void>) => {
    const models = await fixture()
    try {
      await use(models)
    } finally {
      await models.close()
    }
  }
  const fixture = async () => {
    const { platform, close } = fixturePlatform(await open(), { now: () => 5_000 })
    const { service: tracking } = createTrackingStage({ platform })
    const registry = createRegistryService({ platform, tracking })
    const candidates = candidateSource({ platform, registry, tracking })
    const experiment = await tracking.getOrCreateExperiment('python')
    const run = await tracking.createRun({ experimentId: experiment.id, caller, tags: {} })
    const log = async (folder: string, mlModel: string): Promise<string> => {
      for (const [path, text] of [
        ['MLmodel', mlModel],
        ['model.pkl', 'pickled'],
      ])
        await tracking.logArtifact({
          runId: run.id,
          path: `${folder}/${path}`,
          content: Buffer.from(text ?? ''),
        })
      return `runs:/${run.id}/${folder}`
    }
    const digest = async (text: string): Promise<string> =>
      (await platform.blobs.put(Buffer.from(text))).digest
    const judge = async (verdict: 'passed' | 'failed', report: string = verdict) =>
      candidates.keepEvaluation(
        { model: 'flights', version: 1 },
        { verdict, reportDigest: await digest(report), profileDigest: await digest('profile'), actor: 'ada' },
      )
    return { platform, close, registry, candidates, run, log, judge }
  }

  it('are found by the URI of their run, and by name once they are registered', () =>
    withModels(async ({ registry, candidates, log, run }) => {
      const uri = await log('model', `run_id: ${run.id}\n${python}${signature}`)
      const logged = await candidates.find(uri)
      assert.deepEqual(
        [logged.label, logged.runId, logged.registered, logged.format],
        [uri, run.id, undefined, { python: { version: '3.11.7', mlflow: '3.17.2' } }],
      )
      await registry.createModel({ name: 'flights' }, caller)
      await registry.createVersion({ model: 'flights', source: uri, runId: run.id }, caller)
      await registry.promote({ model: 'flights', alias: 'challenger', version: 1 }, caller)
      for (const name of ['models:/flights/1', 'models:/flights@challenger']) {
        const found = await candidates.find(name)
        assert.deepEqual(found.registered, { model: 'flights', version: 1 })
        assert.deepEqual(found.files, logged.files)
        assert.deepEqual(found.signature, logged.signature)
      }
    }))

  it('say how they are loaded: a graph, Python, or why not', () =>
    withModels(async ({ candidates, log }) => {
      const format = async (folder: string, text: string) =>
        (await candidates.find(await log(folder, text))).format
      assert.deepEqual(await format('a', onnx + signature), { onnx: { path: 'graph.onnx' }, python: {} })
      await assert.rejects(format('b', python), { code: 'invalid_input', hint: /infer_signature/ })
      await assert.rejects(format('c', `flavors: {h2o: {}}\n${signature}`), {
        code: 'conflict',
        message: /neither the flavour onnx nor python_function/,
        hint: 'Its flavours: h2o.',
      })
      await assert.rejects(candidates.find('models:/m-unknown'), { code: 'not_found' })
      await assert.rejects(candidates.find('runs:/0123/model'), { code: 'not_found' })
    }))

  it('that are registered get evaluations, and the last one counts for gates', () =>
    withModels(async ({ platform, registry, judge, log, run }) => {
      await registry.createModel({ name: 'flights' }, caller)
      const source = await log('model', python + signature)
      await registry.createVersion({ model: 'flights', source, runId: run.id }, caller)
      const before = await registry.getVersion('flights', '1')
      assert.equal(before.evaluation, null)
      const promote = () => registry.promote({ model: 'flights', alias: 'champion', version: 1 }, caller)

      await judge('failed')
      await assert.rejects(promote(), { code: 'gate_failed' })
      await judge('passed')
      await judge('passed')
      assert.equal((await promote())?.toVersion, 1)

      const { evaluation, ...made } = await registry.getVersion('flights', '1')
      assert.equal(evaluation?.verdict, 'passed')
      assert.deepEqual(made.artifacts, before.artifacts, 'what it is made of stays')
      const told = await platform.events.list({ types: ['model.evaluated'], limit: 9 })
      assert.deepEqual(
        told.map(({ payload }) => payload['verdict']),
        ['failed', 'passed'],
        'the same evaluation again is no news',
      )
    }))

  it('that are not there get no evaluation', () =>
    withModels(async ({ registry, judge }) => {
      await assert.rejects(judge('passed'), { code: 'not_found' })
      await registry.createModel({ name: 'flights' }, caller)
      await assert.rejects(judge('passed'), { code: 'not_found' })
    }))

  it('without a signature are registered, and say what is missing when they are to answer', () =>
    withModels(async ({ registry, log, run }) => {
      await registry.createModel({ name: 'flights' }, caller)
      await registry.createVersion(
        { model: 'flights', source: await log('model', python), runId: run.id },
        caller,
      )
      await assert.rejects(modelSource(registry).version('flights', 1), {
        code: 'conflict',
        message: /has no signature of columns/,
        hint: /infer_signature/,
      })
    }))
})
