import assert from 'node:assert/strict'
import { utimesSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { createRegistryStage, registryMigrations } from '#lifecycle/registry/index'
import { createTrackingPurge, createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { digestOf } from '#platform/blobs/index'
import type { Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import type { Platform } from '#platform/platform'
import { createPurgeService } from './purge.ts'
import { createReclaim } from './reclaim.ts'

const caller = { name: 'ada' }
const signature = {
  inputs: [{ name: 'a', type: 'double' as const, required: true }],
  outputs: [{ name: 'probability', type: 'float' as const }],
}

async function opened(open: () => Promise<Database>) {
  const { platform, close } = fixturePlatform(await open())
  const tracking = createTrackingStage({ platform })
  const registry = createRegistryStage({ platform, tracking: tracking.service })
  const purges = createPurgeService({
    platform,
    tracking: createTrackingPurge(platform),
    reclaim: createReclaim({ platform, stages: () => [tracking.stage, registry.stage] }),
    settleMs: 0,
  })
  platform.jobs.register(purges.jobKind)
  await platform.jobs.start()
  return {
    platform,
    tracking: tracking.service,
    registry: registry.service,
    purge: async (request: { olderThanMs?: number; dryRun?: boolean } = {}) => {
      const { id } = await purges.start({ olderThanMs: 0, dryRun: false, compact: false, ...request }, 'ada')
      const job = await platform.jobs.wait(id)
      assert.equal(job.error, undefined)
      return (await purges.get(id)) ?? assert.fail('the purge is gone')
    },
    /** What a purge may touch at all: bytes that were stored before today. */
    age: (...digests: string[]) => {
      for (const digest of digests) utimesSync(pathOf(platform, digest), 1, 1)
    },
    close: async () => {
      await platform.jobs.stop()
      await close()
    },
  }
}

function pathOf({ config }: Platform, digest: string): string {
  const hex = digest.slice('sha256:'.length)
  return join(config.home, 'blobs', 'sha256', hex.slice(0, 2), hex.slice(2))
}

forEachEngine('a purge', [...platformMigrations, ...trackingMigrations, ...registryMigrations], (open) => {
  it('deletes for good what was deleted, with all that was logged to it, and the bytes that nothing names', async () => {
    const { tracking, platform, purge, age, close } = await opened(open)
    const experiment = await tracking.createExperiment({ name: 'tries' })
    const kept = await tracking.createRun({ caller, name: 'kept' })
    const gone = await tracking.createRun({ caller, name: 'gone', experimentId: experiment.id })
    await tracking.logBatch({
      runId: gone.id,
      metrics: Array.from({ length: 500 }, (_, step) => ({ key: 'loss', value: 1 / (step + 1), step })),
      params: [{ key: 'depth', value: '3' }],
    })
    const shared = await tracking.logArtifact({ runId: kept.id, path: 'a.txt', content: bytes('shared') })
    await tracking.logArtifact({ runId: gone.id, path: 'a.txt', content: bytes('shared') })
    const own = await tracking.logArtifact({ runId: gone.id, path: 'b.txt', content: bytes('own') })
    age(shared.digest, own.digest)
    await tracking.deleteExperiment(experiment.id)

    const counted = await purge({ dryRun: true })
    assert.deepEqual(counted.rows, { runs: 1, experiments: 1, loggedModels: 0, artifactBytes: 9 })
    assert.equal((await tracking.getRun(gone.id)).name, 'gone', 'a dry run changes nothing')

    const ended = await purge()
    assert.deepEqual(ended.rows, { runs: 1, experiments: 1, loggedModels: 0 })
    assert.equal(ended.bytes.removed, 1)
    await assert.rejects(tracking.getRun(gone.id), { code: 'not_found' })
    assert.equal(await platform.blobs.head(own.digest), undefined)
    assert.equal(Buffer.from(await platform.blobs.get(shared.digest)).toString(), 'shared')
    assert.equal((await tracking.createExperiment({ name: 'tries' })).name, 'tries', 'the name is free')
    await close()
  })

  it('leaves alone what was deleted a short while ago, and it can be restored', async () => {
    const { tracking, purge, age, close } = await opened(open)
    const run = await tracking.createRun({ caller })
    const file = await tracking.logArtifact({ runId: run.id, path: 'a', content: bytes('x') })
    age(file.digest)
    await tracking.deleteRun(run.id)
    const { rows, bytes: reclaimed } = await purge({ olderThanMs: 60_000 })
    assert.deepEqual([rows.runs, reclaimed.removed], [0, 0])
    await tracking.restoreRun(run.id)
    assert.equal(Buffer.from(await tracking.readArtifact(run.id, 'a')).toString(), 'x')
    await close()
  })

  it('keeps bytes that were stored again, or that a version names, whatever becomes of the run', async () => {
    const { tracking, registry, platform, purge, age, close } = await opened(open)
    const run = await tracking.createRun({ caller })
    const model = await tracking.logArtifact({ runId: run.id, path: 'model.onnx', content: bytes('graph') })
    await registry.register({ model: 'churn', artifacts: [model], signature }, caller)
    const again = await platform.blobs.put(bytes('again'))
    age(model.digest, again.digest)
    await platform.blobs.put(bytes('again'))
    await tracking.deleteRun(run.id)
    const ended = await purge()
    assert.deepEqual([ended.rows.runs, ended.bytes.removed, ended.bytes.young], [1, 0, 1])
    const content = await registry.readArtifact({ model: 'churn', reference: '1' }, 'model.onnx')
    assert.equal(Buffer.from(content).toString(), 'graph')
    assert.notEqual(await platform.blobs.head(again.digest), undefined)
    await close()
  })

  it('never takes a byte from a client that is logging', async () => {
    const { tracking, platform, purge, age, close } = await opened(open)
    const old = await tracking.createRun({ caller })
    const contents = Array.from({ length: 30 }, (_, index) => bytes(`file ${index}`))
    for (const [index, content] of contents.entries()) {
      age((await tracking.logArtifact({ runId: old.id, path: `${index}`, content })).digest)
    }
    await tracking.deleteRun(old.id)
    const run = await tracking.createRun({ caller })
    const logging = (async () => {
      for (const [index, content] of contents.entries())
        await tracking.logArtifact({ runId: run.id, path: `${index}`, content })
    })()
    await Promise.all([purge(), logging])
    for (const [index, content] of contents.entries()) {
      assert.deepEqual(Buffer.from(await tracking.readArtifact(run.id, `${index}`)), Buffer.from(content))
      assert.notEqual(await platform.blobs.head(digestOf(content)), undefined)
    }
    await close()
  })

  it('cut off anywhere, goes on, and a run that has begun to go does not come back', async () => {
    const { tracking, platform, purge, close } = await opened(open)
    const run = await tracking.createRun({ caller })
    await tracking.logBatch({ runId: run.id, metrics: [{ key: 'a', value: 1 }] })
    await tracking.deleteRun(run.id)
    const cut = new AbortController()
    cut.abort(new Error('killed'))
    const rows = createTrackingPurge(platform)
    const before = Date.now() + 1000
    await assert.rejects(async () => {
      for await (const _ of rows.purge(before, cut.signal)) assert.fail('it went on')
    }, /killed/)
    const ended = await purge()
    assert.equal(ended.rows.runs, 1)
    await assert.rejects(tracking.restoreRun(run.id), { code: 'not_found' })
    await close()
  })
})

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
