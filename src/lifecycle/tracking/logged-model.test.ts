import assert from 'node:assert/strict'
import { it } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createTrackingService, type TrackingService } from './service.ts'
import { trackingMigrations } from './tables.ts'

const caller = { name: 'ada' }

forEachEngine('logged models', [...platformMigrations, ...trackingMigrations], (open) => {
  const withTracking = async (
    use: (tracking: TrackingService, context: Context) => Promise<void>,
  ): Promise<void> => {
    const clock = { time: 1000, now: () => clock.time }
    const { platform, close } = fixturePlatform(await open(), clock)
    try {
      await use(createTrackingService({ platform }), { clock, events: platform.events })
    } finally {
      await close()
    }
  }

  it('begin pending, become ready once, and tell it', () =>
    withTracking(async (tracking, { clock, events }) => {
      const made = await tracking.createLoggedModel({
        experimentId: '0',
        name: 'forest',
        modelType: 'sklearn',
        sourceRunId: 'r1',
        params: { depth: '3' },
        tags: { team: 'ops' },
      })
      assert.match(made.id, /^m-[0-9a-f]{32}$/)
      assert.deepEqual(
        [made.status, made.artifactUri, made.params, made.tags, made.createdAt],
        ['PENDING', `mlflow-artifacts:/0/models/${made.id}/artifacts`, { depth: '3' }, { team: 'ops' }, 1000],
      )
      clock.time = 2000
      for (const _ of [1, 2]) {
        const ready = await tracking.finalizeLoggedModel(made.id, 'READY', caller)
        assert.deepEqual([ready.status, ready.createdAt, ready.updatedAt], ['READY', 1000, 2000])
      }
      const told = await events.list({ types: ['logged_model.ready'], limit: 10 })
      assert.deepEqual(
        told.map(({ subject, payload }) => [subject, payload['runId']]),
        [[`logged-model/${made.id}`, 'r1']],
      )
    }))

  it('get a name when they have none, and refuse those that cannot stand in a URI', () =>
    withTracking(async (tracking) => {
      assert.match((await tracking.createLoggedModel({ experimentId: '0' })).name, /^\w+-\w+-\d+$/)
      for (const name of ['', 'a/b', 'a:b', 'a.b', '50%', '"a"', "it's", 'x'.repeat(501), 'nul\0']) {
        await assert.rejects(tracking.createLoggedModel({ experimentId: '0', name }), {
          code: 'invalid_input',
        })
      }
      await assert.rejects(tracking.createLoggedModel({ experimentId: '7' }), { code: 'not_found' })
    }))

  it('are deleted softly: found only by who asks for deleted ones, changed by nobody', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createLoggedModel({ experimentId: '0' })
      await tracking.deleteLoggedModel(id)
      await tracking.deleteLoggedModel(id)
      await assert.rejects(tracking.getLoggedModel(id), { code: 'not_found' })
      assert.equal((await tracking.getLoggedModel(id, 'deleted')).lifecycleStage, 'deleted')
      await assert.rejects(tracking.setLoggedModelTags(id, { a: 'b' }), { code: 'not_found' })
      await assert.rejects(tracking.finalizeLoggedModel(id, 'READY', caller), { code: 'not_found' })
      await assert.rejects(tracking.deleteLoggedModel('m-0'), { code: 'not_found' })
      await tracking.restoreLoggedModel(id)
      assert.equal((await tracking.getLoggedModel(id)).id, id)
    }))

  it('keep params as they were first written, and tags as they were last', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createLoggedModel({ experimentId: '0', params: { a: '1' } })
      await tracking.logLoggedModelParams(id, { a: '1', ['__proto__']: 'x', 'any key: %': '' })
      await assert.rejects(tracking.logLoggedModelParams(id, { b: '2', a: '2' }), { code: 'conflict' })
      const { params } = await tracking.getLoggedModel(id)
      assert.deepEqual(
        Object.entries(params).sort(([left], [right]) => (left < right ? -1 : 1)),
        [
          ['__proto__', 'x'],
          ['a', '1'],
          ['any key: %', ''],
        ],
      )
      await tracking.setLoggedModelTags(id, { t: '1', u: '1' })
      await tracking.setLoggedModelTags(id, { t: '2' })
      await tracking.deleteLoggedModelTag(id, 'u')
      await assert.rejects(tracking.deleteLoggedModelTag(id, 'u'), { code: 'not_found' })
      assert.deepEqual((await tracking.getLoggedModel(id)).tags, { t: '2' })
      await assert.rejects(tracking.setLoggedModelTags(id, { ['']: 'x' }), { code: 'invalid_input' })
    }))

  it('note each version that was registered from them once, also when many are at once', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createLoggedModel({ experimentId: '0' })
      const versions = ['1', '2', '3', '2', '1']
      await Promise.all(versions.map((version) => tracking.noteModelVersion(id, { name: 'risk', version })))
      const noted = JSON.parse((await tracking.getLoggedModel(id)).tags['mlflow.modelVersions'] ?? '') as {
        version: string
      }[]
      assert.deepEqual(noted.map(({ version }) => version).sort(), ['1', '2', '3'])
      await tracking.noteModelVersion('m-0', { name: 'risk', version: '1' })
    }))

  const withModels = (use: (found: Found, tracking: TrackingService) => Promise<void>): Promise<void> =>
    withTracking(async (tracking, { clock }) => {
      const run = await tracking.createRun({ caller })
      const names = ['a', 'b', 'c', 'd']
      const ids: string[] = []
      for (const name of names) {
        clock.time += 10
        const model = await tracking.createLoggedModel({
          experimentId: '0',
          name,
          params: { kind: name < 'c' ? 'tree' : 'linear' },
          ...(name === 'd' ? {} : { sourceRunId: run.id }),
        })
        ids.push(model.id)
      }
      const [a = '', b = '', c = ''] = ids
      const point = (modelId: string, value: number, more: object) => ({
        key: 'auc',
        value,
        modelId,
        timestamp: 5,
        ...more,
      })
      await tracking.logBatch({
        runId: run.id,
        metrics: [
          point(a, 0.9, { step: 1, datasetName: 'valid', datasetDigest: 'x' }),
          point(a, 0.7, { step: 2, datasetName: 'test', datasetDigest: 'y' }),
          point(b, 0.8, { step: 1, datasetName: 'test', datasetDigest: 'z' }),
          point(c, Number.NaN, { step: 1 }),
        ],
      })
      const found: Found = async (search) => {
        const { models } = await tracking.searchLoggedModels({ experimentIds: ['0'], limit: 10, ...search })
        return models.map(({ name }) => name).join('')
      }
      await use(found, tracking)
    })

  it('are found by attributes, params, tags and metrics, newest first', () =>
    withModels(async (found, tracking) => {
      assert.equal(await found({}), 'dcba')
      assert.equal(await found({ filter: "name = 'a' OR name IN ('c', 'd')" }), 'dca')
      assert.equal(await found({ filter: "params.kind LIKE 'lin%' AND NOT attributes.name = 'c'" }), 'd')
      assert.equal(await found({ filter: 'source_run_id IS NULL' }), 'd')
      assert.equal(await found({ filter: "status = 'PENDING' AND creation_time > 1010" }), 'dcb')
      assert.equal(await found({ filter: "status = 'LOGGED_MODEL_READY'" }), '')
      assert.equal(await found({ filter: 'metrics.auc >= 0.8' }), 'ba')
      assert.equal(await found({ filter: 'metrics.auc IS NOT NULL AND metrics.auc < 0.75' }), 'a')
      assert.equal(await found({ filter: "tags.`none` != 'x'" }), '')
      const { id } = (await tracking.searchLoggedModels({ experimentIds: ['0'], limit: 1 })).models[0] ?? {
        id: '',
      }
      await tracking.deleteLoggedModel(id)
      assert.equal(await found({}), 'cba')
      assert.equal(await found({ experimentIds: ['1'] }), '')
    }))

  it('are found by what was measured on a dataset', () =>
    withModels(async (found) => {
      assert.equal(await found({ datasets: [{ name: 'test' }] }), 'ba')
      assert.equal(await found({ datasets: [{ name: 'test', digest: 'y' }] }), 'a')
      assert.equal(await found({ datasets: [{ name: 'test' }], filter: 'metrics.auc > 0.75' }), 'b')
      assert.equal(
        await found({ datasets: [{ name: 'valid' }, { name: 'test' }], filter: 'metrics.auc > 0.75' }),
        'ba',
      )
    }))

  it('are put in order by attributes and latest metrics, those without last', () =>
    withModels(async (found) => {
      assert.equal(await found({ order: [{ field: 'name' }] }), 'abcd')
      assert.equal(await found({ order: [{ field: 'metrics.auc', descending: true }] }), 'badc')
      assert.equal(await found({ order: [{ field: 'metrics.auc' }] }), 'abdc')
      const onValid = { field: 'metrics.auc', dataset: { name: 'valid' } }
      assert.equal(await found({ order: [onValid] }), 'adcb')
      assert.equal(await found({ order: [{ field: 'source_run_id' }, { field: 'creation_time' }] }), 'abcd')
    }))

  it('show all that was measured on them, with run and dataset', () =>
    withModels(async (_found, tracking) => {
      const { models } = await tracking.searchLoggedModels({
        experimentIds: ['0'],
        filter: "name = 'a'",
        limit: 1,
      })
      assert.deepEqual(
        models[0]?.metrics.map(({ key, value, step, datasetName }) => [key, value, step, datasetName]),
        [
          ['auc', 0.9, 1, 'valid'],
          ['auc', 0.7, 2, 'test'],
        ],
      )
    }))

  it('come in pages whose token is good for its own query only', () =>
    withModels(async (_found, tracking) => {
      const search = { experimentIds: ['0'], limit: 3, order: [{ field: 'name' }] }
      const first = await tracking.searchLoggedModels(search)
      const pageToken = first.nextPageToken ?? ''
      const second = await tracking.searchLoggedModels({ ...search, pageToken })
      assert.equal([...first.models, ...second.models].map(({ name }) => name).join(''), 'abcd')
      assert.equal(second.nextPageToken, undefined)
      for (const other of [
        { filter: "name = 'a'" },
        { experimentIds: ['1'] },
        { order: [] },
        { datasets: [{ name: 'x' }] },
      ]) {
        await assert.rejects(tracking.searchLoggedModels({ ...search, ...other, pageToken }), {
          code: 'invalid_input',
        })
      }
      for (const junk of ['x', 'bnVsbA', Buffer.from('{"offset":-1}').toString('base64')]) {
        await assert.rejects(tracking.searchLoggedModels({ ...search, pageToken: junk }), {
          code: 'invalid_input',
        })
      }
    }))

  it('refuse filters and orders about what they do not have', () =>
    withModels(async (found) => {
      const filters = [
        "owner = 'x'",
        'name > 3',
        "metrics.auc = 'x'",
        "dataset.name = 'x'",
        'name =',
        "constructor = 'x'",
      ]
      for (const filter of filters) await assert.rejects(found({ filter }), { code: 'invalid_input' }, filter)
      for (const field of ['owner', 'params.kind', 'metrics.', '__proto__']) {
        await assert.rejects(found({ order: [{ field }] }), { code: 'invalid_input' }, field)
      }
      await assert.rejects(found({ experimentIds: ['x'] }), { code: 'invalid_input' })
    }))
})

interface Context {
  readonly clock: { time: number }
  readonly events: ReturnType<typeof fixturePlatform>['platform']['events']
}

type Search = Parameters<TrackingService['searchLoggedModels']>[0]
type Found = (search: Partial<Search>) => Promise<string>
