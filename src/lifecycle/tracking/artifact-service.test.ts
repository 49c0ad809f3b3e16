import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { createArtifactStore, type StoredArtifact } from './artifact-store.ts'
import { createTrackingService, type TrackingService } from './service.ts'
import { trackingMigrations, type TrackingTables } from './tables.ts'

const caller = { name: 'ada' }

forEachEngine('the artifact root', [...platformMigrations, ...trackingMigrations], (open) => {
  const withTracking = async (
    use: (tracking: TrackingService, known: Known) => Promise<void>,
  ): Promise<void> => {
    const database = await open()
    const { platform, close } = fixturePlatform(database)
    const known: Known = {
      versions: new Map(),
      query: database.query.withTables<TrackingTables>(),
      engine: database.engine,
    }
    const tracking = createTrackingService({
      platform,
      versionArtifacts: async (model, version) => known.versions.get(`${model}/${version}`),
    })
    try {
      await use(tracking, known)
    } finally {
      await close()
    }
  }

  const put = ({ artifactRoot }: TrackingService, path: string, text: string): Promise<StoredArtifact> =>
    artifactRoot.put(path, Buffer.from(text))

  const paths = (artifacts: readonly { path: string }[] | undefined): string[] | undefined =>
    artifacts?.map(({ path }) => path)

  it('leads into the tree of the run that a path belongs to, wherever its experiment keeps artifacts', () =>
    withTracking(async (tracking) => {
      const places = [
        ['mlflow-artifacts:/plain', 'plain'],
        ['mlflow-artifacts:/team a/deep', 'team a/deep'],
        ['mlflow-artifacts:/team%20b', 'team b'],
        ['mlflow-artifacts://host:1/x//y/', 'x/y'],
      ] as const
      for (const [artifactLocation, place] of places) {
        const experiment = await tracking.createExperiment({ name: place, artifactLocation })
        const run = await tracking.createRun({ caller, experimentId: experiment.id })
        const root = `${place}/${run.id}/artifacts`
        await put(tracking, `${root}/a/b.txt`, 'b')
        assert.deepEqual(paths(await tracking.allArtifacts(run.id)), ['a/b.txt'])
        assert.equal((await tracking.artifactRoot.find(`${root}/a/b.txt`)).sizeBytes, 1)
        assert.deepEqual(paths(await tracking.artifactRoot.list(root)), ['a'])
        assert.deepEqual(paths(await tracking.artifactRoot.list(`${root}/a/`)), ['a/b.txt'])
        assert.deepEqual(paths(await tracking.artifactsOfUri(`${run.artifactUri}/a`)), ['b.txt'])
      }
    }))

  it('leads to a logged model, and keeps what is of nobody', () =>
    withTracking(async (tracking) => {
      const model = await tracking.createLoggedModel({ experimentId: '0' })
      await put(tracking, `0/models/${model.id}/artifacts/MLmodel`, 'flavors: {}')
      assert.deepEqual(paths(await tracking.artifactsOfUri(`models:/${model.id}`)), ['MLmodel'])
      assert.deepEqual(paths((await tracking.listLoggedModelArtifacts(model.id)).entries), ['MLmodel'])
      await put(tracking, '0/traces/tr-1/artifacts/traces.json', '{}')
      await put(tracking, 'top.txt', 'x')
      assert.deepEqual(paths(await tracking.artifactRoot.list('')), ['0', 'top.txt'])
      assert.deepEqual(paths(await tracking.artifactsOfUri('mlflow-artifacts:/0/traces')), [
        'tr-1/artifacts/traces.json',
      ])
    }))

  it('takes a path for that of a run only when the run keeps its artifacts there', () =>
    withTracking(async (tracking) => {
      const run = await tracking.createRun({ caller })
      const outer = `0/${run.id}/artifacts`
      await put(tracking, `elsewhere/${run.id}/artifacts/x`, 'loose')
      await put(tracking, `${outer}/copy/${run.id}/artifacts/x`, 'inside')
      assert.deepEqual(paths(await tracking.allArtifacts(run.id)), [`copy/${run.id}/artifacts/x`])
    }))

  it('lets what is deleted be read, not written', () =>
    withTracking(async (tracking) => {
      const run = await tracking.createRun({ caller })
      const model = await tracking.createLoggedModel({ experimentId: '0' })
      for (const root of [`0/${run.id}/artifacts`, `0/models/${model.id}/artifacts`]) {
        await put(tracking, `${root}/x`, 'x')
        await tracking.deleteRun(run.id)
        await tracking.deleteLoggedModel(model.id)
        assert.equal((await tracking.artifactRoot.find(`${root}/x`)).sizeBytes, 1)
        await assert.rejects(put(tracking, `${root}/x`, 'y'), { code: 'conflict' })
        await assert.rejects(tracking.artifactRoot.remove(`${root}/x`), { code: 'conflict' })
        await tracking.restoreRun(run.id)
        await tracking.restoreLoggedModel(model.id)
      }
    }))

  it('shows what a version of a registered model holds, and lets nobody change it', () =>
    withTracking(async (tracking, { versions }) => {
      const stored = await put(tracking, 'x', 'x')
      versions.set('7/2', [
        { ...stored, path: 'MLmodel' },
        { ...stored, path: 'data/a' },
      ])
      assert.deepEqual(await tracking.artifactRoot.list('versions/7/2'), [
        { ...stored, path: 'MLmodel', isDirectory: false },
        { path: 'data', isDirectory: true },
      ])
      assert.deepEqual(paths(await tracking.artifactRoot.list('versions/7/2/data')), ['data/a'])
      assert.equal((await tracking.artifactRoot.find('versions/7/2/data/a')).digest, stored.digest)
      assert.deepEqual(paths(await tracking.artifactsOfUri('mlflow-artifacts:/versions/7/2/data')), ['a'])
      await assert.rejects(tracking.artifactRoot.find('versions/7/2/none'), { code: 'not_found' })
      await assert.rejects(put(tracking, 'versions/7/2/new', 'x'), { code: 'conflict' })
      await assert.rejects(tracking.artifactRoot.remove('versions/7/2'), { code: 'conflict' })
    }))

  it('answers for URIs of runs, and for the logged model that a run made under a name', () =>
    withTracking(async (tracking) => {
      const run = await tracking.createRun({ caller })
      await tracking.logArtifact({ runId: run.id, path: 'plots/roc.png', content: Buffer.from('x') })
      const model = await tracking.createLoggedModel({
        experimentId: '0',
        name: 'forest',
        sourceRunId: run.id,
      })
      await put(tracking, `0/models/${model.id}/artifacts/data/x`, 'x')
      const of = async (uri: string): Promise<string[] | undefined> =>
        paths(await tracking.artifactsOfUri(uri))
      assert.deepEqual(await of(`runs:/${run.id}`), ['plots/roc.png'])
      assert.deepEqual(await of(`runs:/${run.id}/plots/`), ['roc.png'])
      assert.deepEqual(await of(`runs:/${run.id}/plots/roc.png`), ['roc.png'])
      assert.deepEqual(await of(`runs:/${run.id}/forest`), ['data/x'])
      assert.deepEqual(await of(`runs:/${run.id}/forest/data`), ['x'])
      assert.deepEqual(await of(`runs:/${run.id}/none`), [])
      for (const foreign of [
        's3://bucket/x',
        'file:///etc/passwd',
        '/etc',
        'runs:/none/x',
        'models:/forest/1',
        'models:/m-0',
        '',
      ])
        assert.equal(await of(foreign), undefined, foreign)
    }))

  it('lists a folder by its own entries in byte order, however much is inside of them', () =>
    withTracking(async (tracking, { query, engine }) => {
      const { digest, sizeBytes } = await put(tracking, 'x', 'x')
      const store = createArtifactStore(query, engine, { pageRows: 3 })
      const owner = { kind: 'run', number: 1 } as const
      const deep = [1, 2, 3, 4, 5, 6, 7].map((index) => `deep/${index}/file`)
      for (const path of [...deep, 'Z', 'a', 'b', 'c', 'd', 'deep-', 'deep0/x', 'ä', '😀']) {
        await store.put(owner, { path, digest, sizeBytes }, 0)
      }
      assert.deepEqual(paths(await store.list(owner, '')), [
        'Z',
        'a',
        'b',
        'c',
        'd',
        'deep-',
        'deep',
        'deep0',
        'ä',
        '😀',
      ])
      assert.deepEqual(
        paths(await store.list(owner, 'deep')),
        [1, 2, 3, 4, 5, 6, 7].map((index) => `deep/${index}`),
      )
    }))

  it('forgets a file or a folder, and nothing beside it', () =>
    withTracking(async (tracking) => {
      const run = await tracking.createRun({ caller })
      const root = `0/${run.id}/artifacts`
      for (const path of ['a', 'b/c', 'b/d/e', 'b-', 'b0']) await put(tracking, `${root}/${path}`, 'x')
      await tracking.artifactRoot.remove(`${root}/b/`)
      await tracking.artifactRoot.remove(`${root}/none`)
      assert.deepEqual(paths(await tracking.allArtifacts(run.id)), ['a', 'b-', 'b0'])
      await tracking.artifactRoot.remove(root)
      assert.deepEqual(await tracking.allArtifacts(run.id), [])
    }))

  it('refuses what could climb before it looks for anything', () =>
    withTracking(async (tracking) => {
      const { artifactRoot } = tracking
      for (const path of [
        '../x',
        '0/%2e%2e/x',
        '/etc/passwd',
        '0//x',
        'a\\b',
        '%252e%252e/x',
        'a\0',
        '\ud800',
        '.',
      ]) {
        const refused = { code: 'invalid_input', message: /^Invalid path/ }
        await assert.rejects(artifactRoot.find(path), refused, path)
        await assert.rejects(put(tracking, path, 'x'), refused, path)
        await assert.rejects(artifactRoot.list(path), refused, path)
        await assert.rejects(artifactRoot.remove(path), refused, path)
        await assert.rejects(tracking.listRunFolder('none', path), refused, path)
        await assert.rejects(tracking.findArtifact('none', path), refused, path)
      }
      const run = await tracking.createRun({ caller })
      await assert.rejects(put(tracking, `0/${run.id}/artifacts/c:x`, 'x'), { code: 'invalid_input' })
      await assert.rejects(put(tracking, `0/${run.id}/artifacts`, 'x'), { code: 'invalid_input' })
    }))
})

interface Known {
  readonly query: Kysely<TrackingTables>
  readonly engine: Engine
  readonly versions: Map<string, readonly StoredArtifact[]>
}
