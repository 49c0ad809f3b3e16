import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import type { Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createRegistryService } from './service.ts'
import { registryMigrations } from './tables.ts'

const caller = { name: 'ada' }
const mlModel = `flavors:
  python_function: {loader_module: mlflow.sklearn}
signature:
  inputs: '[{"type": "double", "name": "hour", "required": true}]'
  outputs: '[{"type": "double", "name": "delay"}]'
`

forEachEngine(
  'versions by their source',
  [...platformMigrations, ...trackingMigrations, ...registryMigrations],
  (open) => {
    const fixture = (database: Database) => {
      const clock = { time: 5_000, now: () => clock.time++ }
      const { platform, close } = fixturePlatform(database, clock)
      const deployed: { deployment: string; version: number; model: string }[] = []
      const { service: tracking } = createTrackingStage({
        platform,
        versionArtifacts: (model, version) => registry.versionArtifacts(model, version),
      })
      const registry = createRegistryService({
        platform,
        tracking,
        deployedVersions: async (model) => deployed.filter((one) => one.model === model),
      })
      const log = (runId: string, path: string, text: string) =>
        tracking.logArtifact({ runId, path, content: Buffer.from(text) })
      const create = (model: string, source: string, more = {}) =>
        registry.createVersion({ model, source, ...more }, caller)
      return { platform, close, clock, tracking, registry, log, create, deployed }
    }
    const withRegistry = async (use: (context: ReturnType<typeof fixture>) => Promise<void>) => {
      const context = fixture(await open())
      try {
        await context.registry.createModel({ name: 'flights' }, caller)
        await use(context)
      } finally {
        await context.close()
      }
    }

    it('keep the files as they were, whatever is logged to the run afterwards', () =>
      withRegistry(async ({ registry, tracking, log, create }) => {
        const { id } = await tracking.createRun({ caller })
        await log(id, 'model/MLmodel', mlModel)
        await log(id, 'model/model.bin', 'one')
        await log(id, 'other.txt', 'not of the model')
        const first = await create('flights', `runs:/${id}/model`, { tags: { a: 'b' } })
        assert.deepEqual(
          [first.version, first.runId, first.flavors, first.signature?.outputs, first.tags],
          [1, id, ['python_function'], [{ name: 'delay', type: 'double' }], { a: 'b' }],
        )
        await log(id, 'model/model.bin', 'two')
        const second = await create('flights', `runs:/${id}/model`, { runId: id })
        const bytes = async (reference: string) =>
          Buffer.from(await registry.readArtifact({ model: 'flights', reference }, 'model.bin')).toString()
        assert.deepEqual([second.version, await bytes('1'), await bytes('2')], [2, 'one', 'two'])
        assert.equal(
          await registry.downloadUri({ model: 'flights', version: 1 }),
          'mlflow-artifacts:/versions/1/1',
        )
        const files = await tracking.artifactsOfUri('mlflow-artifacts:/versions/1/1')
        assert.deepEqual(
          files?.map(({ path }) => path),
          ['MLmodel', 'model.bin'],
        )
      }))

    it('keep files that come after the registration when they are first read, and no later ones', () =>
      withRegistry(async ({ registry, tracking, log, create }) => {
        const { id, artifactUri } = await tracking.createRun({ caller })
        const source = `${artifactUri}/model`
        const { artifacts } = await create('flights', source, { runId: id })
        assert.deepEqual(artifacts, [])
        assert.equal(await registry.downloadUri({ model: 'flights', version: 1 }), source)
        await log(id, 'model/MLmodel', mlModel)
        const found = await registry.getVersion('flights', '1')
        assert.deepEqual([found.artifacts.length, found.flavors], [1, ['python_function']])
        await log(id, 'model/late.bin', 'x')
        assert.equal((await registry.getVersion('flights', 'latest')).artifacts.length, 1)
      }))

    it('note on the logged model what it became, and take its run', () =>
      withRegistry(async ({ tracking, registry, create }) => {
        const { id: runId } = await tracking.createRun({ caller })
        const model = await tracking.createLoggedModel({ experimentId: '0', name: 'm', sourceRunId: runId })
        const version = await create('flights', `models:/${model.id}`)
        assert.deepEqual([version.runId, version.modelId], [runId, model.id])
        assert.equal(await registry.downloadUri({ model: 'flights', version: 1 }), model.artifactUri)
        assert.deepEqual(
          JSON.parse((await tracking.getLoggedModel(model.id)).tags['mlflow.modelVersions'] ?? ''),
          [{ name: 'flights', version: '1' }],
        )
        await assert.rejects(create('flights', `models:/m-${'0'.repeat(32)}`), { code: 'not_found' })
      }))

    it('copy another version with its evaluation, and refuse a lineage that is not its', () =>
      withRegistry(async ({ tracking, registry, log, create, platform }) => {
        const { id } = await tracking.createRun({ caller })
        const other = await tracking.createRun({ caller })
        await log(id, 'model/MLmodel', mlModel)
        const { digest } = await platform.blobs.put(Buffer.from('{}'))
        const model = { path: 'model.onnx', ...(await platform.blobs.put(Buffer.from('graph'))) }
        await registry.register(
          { model: 'judged', artifacts: [model], evaluation: { reportDigest: digest, verdict: 'failed' } },
          caller,
        )
        const copy = await create('flights', 'models:/judged/1')
        assert.deepEqual([copy.source, copy.artifacts], ['models:/judged/1', [model]])
        await assert.rejects(registry.promote({ model: 'flights', alias: 'champion', version: 1 }, caller), {
          code: 'gate_failed',
        })
        const wrong = [
          ['models:/judged/1', { runId: other.id }],
          [`runs:/${id}/model`, { runId: other.id }],
          [`mlflow-artifacts:/0/${id}/artifacts/model`, { runId: other.id }],
          ['mlflow-artifacts:/0/elsewhere', { runId: other.id }],
          [`models:/m-1`, { modelId: 'm-2' }],
          ['/etc/passwd', {}],
        ] as const
        for (const [source, claimed] of wrong) {
          await assert.rejects(create('flights', source, claimed), { code: 'invalid_input' }, source)
        }
        await assert.rejects(create('nothing', 's3://b/x'), { code: 'not_found' })
        const elsewhere = await create('flights', 's3://b/x', {
          runId: 'unknown',
          runLink: 'https://other/run',
        })
        assert.deepEqual([elsewhere.artifacts, elsewhere.runLink], [[], 'https://other/run'])
        assert.equal((await registry.trace('flights', '2')).run, null)
        assert.equal(await registry.downloadUri({ model: 'flights', version: 2 }), 's3://b/x')
      }))

    it('move through stages, with who and when', () =>
      withRegistry(async ({ registry, create, platform }) => {
        for (const name of ['a', 'b', 'c']) await create('flights', `s3://b/${name}`)
        const move = (version: number, stage: string, archiveOthers = false) =>
          registry.moveStage({ model: 'flights', version }, { stage, archiveOthers }, caller)
        await move(1, 'production')
        assert.equal((await move(2, 'PRODUCTION', true)).stage, 'Production')
        assert.deepEqual(
          (await registry.latestVersions('flights')).map(({ version, stage }) => [version, stage]),
          [
            [1, 'Archived'],
            [2, 'Production'],
            [3, 'None'],
          ],
        )
        assert.equal((await registry.latestVersions('flights', ['staging'])).length, 0)
        assert.deepEqual(
          (await registry.stageTransitions('flights')).map(({ version, from, to, actor }) => [
            version,
            from,
            to,
            actor,
          ]),
          [
            [1, 'None', 'Production', 'ada'],
            [1, 'Production', 'Archived', 'ada'],
            [2, 'None', 'Production', 'ada'],
          ],
        )
        const told = await platform.events.list({ types: ['model.stage_changed'], limit: 10 })
        assert.equal(told.length, 3)
        await assert.rejects(move(3, 'archived', true), { code: 'invalid_input' })
        await assert.rejects(move(3, 'live'), { code: 'invalid_input' })
        await assert.rejects(move(9, 'staging'), { code: 'not_found' })
      }))

    it('go to Production with failed gates only after somebody answered for it', () =>
      withRegistry(async ({ registry, platform }) => {
        const { digest } = await platform.blobs.put(Buffer.from('{}'))
        const model = { path: 'model.onnx', ...(await platform.blobs.put(Buffer.from('graph'))) }
        await registry.register(
          { model: 'bad', artifacts: [model], evaluation: { reportDigest: digest, verdict: 'failed' } },
          caller,
        )
        const go = () => registry.moveStage({ model: 'bad', version: 1 }, { stage: 'Production' }, caller)
        await assert.rejects(go(), { code: 'gate_failed', hint: /models promote bad 1 --force/ })
        await registry.promote(
          { model: 'bad', alias: 'champion', version: 1, force: true, reason: 'nothing better' },
          caller,
        )
        assert.equal((await go()).stage, 'Production')
      }))

    it('are deleted with their aliases and what they were made of; the number is not used again', () =>
      withRegistry(async ({ registry, create, deployed, tracking }) => {
        const { id } = await tracking.createRun({ caller })
        for (const name of ['a', 'b', 'c']) await create('flights', `s3://b/${name}`, { runId: id })
        for (const version of [1, 2, 3])
          await registry.promote({ model: 'flights', alias: 'champion', version }, caller)
        deployed.push({ deployment: 'live', model: 'flights', version: 3 })
        await assert.rejects(registry.deleteVersion({ model: 'flights', version: 3 }, caller), {
          code: 'conflict',
          hint: /devmlops deploy live --stop/,
        })
        await registry.deleteVersion({ model: 'flights', version: 2 }, caller)
        await assert.rejects(registry.getVersion('flights', '2'), { code: 'not_found' })
        await assert.rejects(registry.deleteVersion({ model: 'flights', version: 2 }, caller), {
          code: 'not_found',
        })
        // There is no way back to what is gone.
        assert.equal((await registry.rollback({ model: 'flights' }, caller)).toVersion, 1)
        deployed.length = 0
        await registry.deleteVersion({ model: 'flights', version: 1 }, caller)
        assert.deepEqual((await registry.getModel('flights')).aliases, {})
        await registry.deleteVersion({ model: 'flights', version: 3 }, caller)
        assert.equal((await registry.getModel('flights')).latestVersion, null)
        assert.equal((await create('flights', 's3://b/d')).version, 4)
        assert.equal((await registry.transitions('flights')).at(-1)?.reason, 'version 1 was deleted')
      }))
  },
)
