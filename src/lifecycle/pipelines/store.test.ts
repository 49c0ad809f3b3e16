import assert from 'node:assert/strict'
import { it } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import type { PipelineRun, StepRun } from './pipeline-run.ts'
import { createPipelineStore } from './store.ts'
import { pipelineMigrations } from './tables.ts'

let ids = 0
/** Ids that grow, as those made in different milliseconds do. */
const nextId = (): string => `id-${String(ids++).padStart(4, '0')}`

const aRun = (fields: Partial<PipelineRun> = {}): PipelineRun => ({
  id: nextId(),
  pipeline: 'train',
  state: 'queued',
  actor: 'ann',
  trigger: { kind: 'alert', reason: 'calibration fell' },
  parameters: { days: 59, label: 'late', fast: true },
  selection: { force: ['a'], only: [], from: 'b' },
  definition: { name: 'train', parameters: {}, steps: [] },
  datasets: { 'data.flights': { name: 'flights', version: 3, digest: 'sha256:aa' } },
  code: { commit: 'abc', dirty: true },
  failure: undefined,
  cancelledBy: undefined,
  announced: false,
  createdAt: 1_790_000_000_000,
  startedAt: undefined,
  finishedAt: undefined,
  ...fields,
})

const aStep = (run: PipelineRun, fields: Partial<StepRun> = {}): StepRun => ({
  id: nextId(),
  runId: run.id,
  pipeline: run.pipeline,
  step: 'prepare',
  kind: 'sql',
  position: 0,
  state: 'succeeded',
  attempt: 1,
  cacheKey: 'sha256:key',
  cacheParts: { kind: 'sql/1', code: { sql: 'x' }, data: {}, parameters: {}, environment: {} },
  reasons: ['it has never run'],
  inputs: [{ name: 'flights', reference: 'data.flights', label: 'flights@3', digest: 'sha256:aa' }],
  outputs: [{ name: 'training', kind: 'table', digest: 'sha256:bb', sizeBytes: 5e9, rows: 3 }],
  cachedFrom: undefined,
  failure: { code: 'step_failed', message: 'no', lastLines: ['a'] },
  handle: { pid: 12, startedAt: '99' },
  startedAt: 1,
  finishedAt: 2,
  ...fields,
})

forEachEngine('the store of pipelines', pipelineMigrations, (open) => {
  it('gives back runs and steps as they were kept', async () => {
    const database = await open()
    const store = createPipelineStore(database)
    const run = aRun()
    const steps = [aStep(run), aStep(run, { step: 'train', position: 1, handle: undefined })]
    await store.insertRun(run, steps.toReversed())
    assert.deepEqual(await store.getRun(run.id), run)
    assert.deepEqual(await store.stepsOf(run.id), steps)
    assert.equal(await store.getRun('none'), undefined)
    await database.close()
  })

  it('keeps a run with all of its steps or not at all', async () => {
    const database = await open()
    const store = createPipelineStore(database)
    const run = aRun()
    await assert.rejects(store.insertRun(run, [aStep(run), aStep(run)]))
    assert.equal(await store.getRun(run.id), undefined)
    await database.close()
  })

  it('changes only the fields that are given, and clears those given as undefined', async () => {
    const database = await open()
    const store = createPipelineStore(database)
    const run = aRun()
    const step = aStep(run)
    await store.insertRun(run, [step])
    await store.updateStep(step.id, { state: 'running', handle: undefined, attempt: 2, outputs: [] })
    assert.deepEqual(await store.stepsOf(run.id), [
      { ...step, state: 'running', handle: undefined, attempt: 2, outputs: [] },
    ])
    await database.close()
  })

  it('ends a run once, and cancels it once', async () => {
    const database = await open()
    const store = createPipelineStore(database)
    const run = aRun()
    await store.insertRun(run, [aStep(run)])
    assert.equal(await store.requestCancel(run.id, 'bob'), true)
    assert.equal(await store.requestCancel(run.id, 'carl'), false)
    assert.equal(await store.isCancelRequested(run.id), true)
    assert.equal(await store.finishRun(run.id, { state: 'cancelled', finishedAt: 5 }), true)
    assert.equal(await store.finishRun(run.id, { state: 'succeeded', finishedAt: 6 }), false)
    assert.deepEqual(await store.getRun(run.id), {
      ...run,
      state: 'cancelled',
      cancelledBy: 'bob',
      finishedAt: 5,
    })
    await database.close()
  })

  it('finds what to wait for, what to reuse and what ran last', async () => {
    const database = await open()
    const store = createPipelineStore(database)
    const [first, second, other] = [aRun(), aRun(), aRun({ pipeline: 'report' })] as const
    const [made, failed] = [aStep(first), aStep(second, { state: 'failed' })] as const
    await store.insertRun(first, [made])
    await store.insertRun(second, [failed])
    await store.insertRun(other, [
      aStep(other, { state: 'pending', cacheParts: undefined, cacheKey: undefined }),
    ])
    assert.deepEqual(await store.earlierUnfinished(second), [first.id])
    assert.deepEqual(await store.earlierUnfinished(first), [])
    assert.equal((await store.madeWithKey('sha256:key'))?.id, made.id)
    assert.equal((await store.lastOf('train', 'prepare'))?.id, failed.id)
    assert.equal(await store.lastOf('report', 'prepare'), undefined)
    assert.deepEqual(
      (await store.listRuns({ limit: 2 })).map(({ id }) => id),
      [other.id, second.id],
    )
    assert.deepEqual(
      (await store.listRuns({ limit: 5, after: other.id, pipeline: 'train', state: 'queued' })).map(
        ({ id }) => id,
      ),
      [second.id, first.id],
    )
    await database.close()
  })

  it('remembers the digest of a file only while the file is the same', async () => {
    const database = await open()
    const store = createPipelineStore(database)
    await store.keepSourceDigest('/a', '1:2', 'sha256:aa')
    await store.keepSourceDigest('/a', '1:3', 'sha256:bb')
    assert.equal(await store.sourceDigest('/a', '1:2'), undefined)
    assert.equal(await store.sourceDigest('/a', '1:3'), 'sha256:bb')
    await database.close()
  })
})
