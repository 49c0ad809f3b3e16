import assert from 'node:assert/strict'
import { it } from 'node:test'
import { forEachEngine } from '#platform/database/testing'
import type { Database } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { reservedTags } from './contract.ts'
import { createTrackingService } from './service.ts'
import { trackingMigrations } from './tables.ts'

const caller = { name: 'ada' }

forEachEngine('tracking', [...platformMigrations, ...trackingMigrations], (open) => {
  const withTracking = async (
    use: (
      tracking: ReturnType<typeof createTrackingService>,
      context: ReturnType<typeof fixture>,
    ) => Promise<void>,
  ) => {
    const context = fixture(await open())
    try {
      await use(context.tracking, context)
    } finally {
      await context.close()
    }
  }
  const fixture = (database: Database) => {
    const clock = { time: 1_000_000, now: () => clock.time }
    const { platform, close } = fixturePlatform(database, clock)
    return { platform, close, clock, tracking: createTrackingService({ platform }) }
  }

  it('has the experiment 0, Default, from the start and numbers the others from 1', () =>
    withTracking(async (tracking) => {
      const first = await tracking.getExperiment('0')
      assert.deepEqual(
        [first.name, first.lifecycleStage, first.artifactLocation],
        ['Default', 'active', 'mlflow-artifacts:/0'],
      )
      const made = await tracking.createExperiment({ name: 'flights', tags: { team: 'ops' } })
      assert.deepEqual(
        [made.id, made.artifactLocation, made.tags],
        ['1', 'mlflow-artifacts:/1', { team: 'ops' }],
      )
      await assert.rejects(tracking.getExperiment('x'), { code: 'invalid_input' })
      await assert.rejects(tracking.getExperiment('99'), { code: 'not_found' })
    }))

  it('keeps the name of a deleted experiment, and moves its runs with it both ways', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createExperiment({ name: 'a' })
      const run = await tracking.createRun({ experimentId: id, caller })
      await tracking.deleteExperiment(id)
      assert.equal((await tracking.getRun(run.id)).lifecycleStage, 'deleted')
      await assert.rejects(tracking.createExperiment({ name: 'a' }), {
        code: 'already_exists',
        message: /deleted/,
      })
      await assert.rejects(tracking.getOrCreateExperiment('a'), { code: 'already_exists' })
      await assert.rejects(tracking.createRun({ experimentId: id, caller }), { code: 'conflict' })
      await tracking.restoreExperiment(id)
      assert.equal((await tracking.getRun(run.id)).lifecycleStage, 'active')
      await assert.rejects(tracking.restoreExperiment(id), { code: 'not_found' })
    }))

  it('gives callers that ask for a new experiment at once the same one', () =>
    withTracking(async (tracking) => {
      const made = await Promise.all(Array.from({ length: 6 }, () => tracking.getOrCreateExperiment('same')))
      assert.equal(new Set(made.map(({ id }) => id)).size, 1)
      const created = await Promise.allSettled(
        Array.from({ length: 4 }, () => tracking.createExperiment({ name: 'one' })),
      )
      const refused = created.flatMap((result) =>
        result.status === 'rejected' ? [result.reason as { code: string }] : [],
      )
      assert.deepEqual(
        refused.map(({ code }) => code),
        ['already_exists', 'already_exists', 'already_exists'],
      )
    }))

  it('starts a run with two words for a name, and says so', () =>
    withTracking(async (tracking, { platform }) => {
      const run = await tracking.createRun({ caller, tags: { [reservedTags.user]: 'grace' } })
      assert.match(run.id, /^[0-9a-f]{32}$/)
      assert.match(run.name, /^[a-z]+-[a-z]+-\d+$/)
      assert.equal(run.tags[reservedTags.runName], run.name)
      assert.deepEqual(
        [run.status, run.user, run.startedAt, run.endedAt],
        ['RUNNING', 'grace', 1_000_000, undefined],
      )
      assert.equal(run.artifactUri, `mlflow-artifacts:/0/${run.id}/artifacts`)
      await assert.rejects(tracking.createRun({ caller, name: 'a', tags: { [reservedTags.runName]: 'b' } }), {
        code: 'invalid_input',
      })
      await tracking.finishRun(run.id, 'FINISHED', caller)
      await tracking.finishRun(run.id, 'FINISHED', caller)
      const seen = await platform.events.list({ limit: 10 })
      assert.deepEqual(
        seen.map(({ type, actor }) => `${type} by ${actor}`),
        ['run.started by ada', 'run.finished by ada'],
      )
      assert.equal(seen[1]?.payload['status'], 'FINISHED')
    }))

  it('renames a run by its name and by its tag alike', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller, name: 'first' })
      assert.equal(
        (await tracking.updateRun({ runId: id, name: 'second', caller })).tags[reservedTags.runName],
        'second',
      )
      await tracking.setTag(id, reservedTags.runName, 'third')
      assert.equal((await tracking.getRun(id)).name, 'third')
    }))

  it('finds a run by the unique beginning of its id', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      assert.equal(await tracking.resolveRunId(id.slice(0, 8)), id)
      assert.equal(await tracking.resolveRunId(id), id)
      for (const text of ['0000000', 'abc', 'zzzzzz', '']) {
        await assert.rejects(tracking.resolveRunId(text), { code: 'not_found' }, text)
      }
    }))

  it('keeps a param as it was first written, and refuses the whole batch that would change it', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      await tracking.logBatch({ runId: id, params: { rate: '0.1', trees: '100' } })
      await tracking.logBatch({ runId: id, params: { rate: '0.1', leaves: '31' } })
      await assert.rejects(
        tracking.logBatch({
          runId: id,
          params: { rate: '0.2', seed: '7' },
          metrics: [{ key: 'auc', value: 1 }],
        }),
        {
          code: 'conflict',
          at: 'params.rate',
          message:
            /Params were already logged='\[\{'key': 'rate', 'old_value': '0\.1', 'new_value': '0\.2'\}\]'/,
        },
      )
      const run = await tracking.getRun(id)
      assert.deepEqual(run.params, { leaves: '31', rate: '0.1', trees: '100' })
      assert.deepEqual(run.metrics, [])
    }))

  it('lets one of two writers of the same param win, and tells the other', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      const results = await Promise.allSettled(
        ['a', 'b', 'c', 'd'].map((value) => tracking.logBatch({ runId: id, params: { winner: value } })),
      )
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    }))

  it('writes identical points once and answers them by timestamp, step and value', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      const point = { key: 'loss', value: 0.5, timestamp: 10, step: 1 }
      const nan = { key: 'loss', value: Number.NaN, timestamp: 20, step: 2 }
      await tracking.logBatch({
        runId: id,
        metrics: [point, point, nan, { ...point, timestamp: 5, step: 9 }],
      })
      await tracking.logBatch({
        runId: id,
        metrics: [point, nan, { ...nan, value: Infinity }, { ...nan, value: 0 }],
      })
      const history = await tracking.metricHistory(id, { key: 'loss', limit: 100 })
      assert.deepEqual(
        history.map(({ timestamp, step, value }) => [timestamp, step, value]),
        [
          [5, 9, 0.5],
          [10, 1, 0.5],
          [20, 2, 0],
          [20, 2, Number.NaN],
          [20, 2, Number.MAX_VALUE],
        ],
      )
      assert.deepEqual(await tracking.metricHistory(id, { key: 'other', limit: 100 }), [])
    }))

  it('answers the latest metric, however the points are ordered, split and repeated', () =>
    withTracking(async (tracking) => {
      // A small generator with a fixed seed: failures can be repeated.
      let state = 12_345
      const random = (below: number): number => {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31
        return Math.floor((state / 2 ** 31) * below)
      }
      for (let round = 0; round < 8; round += 1) {
        const { id } = await tracking.createRun({ caller })
        const points = Array.from({ length: 40 }, () => ({
          key: `m${random(3)}`,
          value: [Number.NaN, -1, 0, 1, Infinity][random(5)] ?? 0,
          timestamp: random(3),
          step: random(4) - 1,
        }))
        for (let start = 0; start < points.length;) {
          const end = start + 1 + random(15)
          await tracking.logBatch({ runId: id, metrics: points.slice(start, end) })
          start = end
        }
        const run = await tracking.getRun(id)
        for (const key of new Set(points.map((point) => point.key))) {
          // MLflow compares NaN as the 0 that it stores.
          const stored = (value: number): number =>
            Number.isNaN(value) ? 0 : Math.min(value, Number.MAX_VALUE)
          const [expected] = points
            .filter((point) => point.key === key)
            .sort((a, b) => b.step - a.step || b.timestamp - a.timestamp || stored(b.value) - stored(a.value))
          const latest = run.metrics.find((metric) => metric.key === key)
          assert.deepEqual(
            [latest?.step, latest?.timestamp, stored(latest?.value ?? -9)],
            [expected?.step, expected?.timestamp, stored(expected?.value ?? -9)],
          )
        }
      }
    }))

  it('writes a batch of a thousand points and samples it evenly to its end', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      const metrics = Array.from({ length: 999 }, (_, step) => ({
        key: 'loss',
        value: 1 / (step + 1),
        timestamp: step,
        step,
      }))
      await tracking.logBatch({ runId: id, metrics, tags: { done: 'yes' } })
      assert.equal((await tracking.metricHistory(id, { key: 'loss', limit: 5000 })).length, 999)
      const sample = await tracking.sampleHistory(id, { key: 'loss', points: 10 })
      assert.deepEqual([sample[0]?.step, sample.at(-1)?.step, sample.length], [0, 998, 11])
      await assert.rejects(tracking.logBatch({ runId: id, metrics: [...metrics, ...metrics.slice(0, 2)] }), {
        code: 'invalid_input',
        message: /at most 1000 metrics\. Got 1001/,
      })
    }))

  it('refuses what MLflow refuses, and cuts what MLflow cuts', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      const refused = [
        { params: { '': 'x' } },
        { params: { 'a//b': 'x' } },
        { tags: { '../x': 'y' } },
        { metrics: [{ key: 'what?', value: 1 }] },
        { metrics: [{ key: 'k'.repeat(251), value: 1 }] },
        { metrics: [{ key: 'k', value: 1, timestamp: -1 }] },
        { metrics: [{ key: 'k', value: 1, step: 0.5 }] },
        { params: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, ''])) },
      ]
      for (const batch of refused) {
        await assert.rejects(tracking.logBatch({ runId: id, ...batch }), { code: 'invalid_input' })
      }
      await tracking.logBatch({
        runId: id,
        params: {
          long: 'x'.repeat(7000),
          faces: '😀'.repeat(6000),
          ['__proto__']: 'kept',
          'a b/c.d-e:f': '',
        },
        tags: { long: 'y'.repeat(9000) },
        metrics: [{ key: 'val loss/top-5:é', value: -3, step: -7 }],
      })
      const run = await tracking.getRun(id)
      assert.equal(run.params['long']?.length, 6000)
      assert.equal(run.params['faces'], '😀'.repeat(6000))
      assert.equal(Object.getOwnPropertyDescriptor(run.params, '__proto__')?.value, 'kept')
      assert.equal(run.tags['long']?.length, 8000)
      assert.equal(run.metrics[0]?.step, -7)
      await assert.rejects(tracking.logBatch({ runId: 'f'.repeat(32), tags: { a: 'b' } }), {
        code: 'not_found',
      })
    }))

  it('refuses to write to a deleted run, and still shows it', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      await tracking.setTag(id, 'a', 'b')
      await tracking.deleteRun(id)
      await tracking.deleteRun(id)
      await assert.rejects(tracking.setTag(id, 'a', 'c'), { code: 'conflict' })
      await assert.rejects(tracking.updateRun({ runId: id, name: 'x', caller }), { code: 'conflict' })
      assert.equal((await tracking.getRun(id)).tags['a'], 'b')
      await tracking.restoreRun(id)
      await tracking.deleteTag(id, 'a')
      await assert.rejects(tracking.deleteTag(id, 'a'), { code: 'not_found' })
    }))

  it('searches by experiment, status and tag, and sorts with NaN and missing values last', () =>
    withTracking(async (tracking, { clock }) => {
      const { id: experimentId } = await tracking.createExperiment({ name: 'sweep' })
      const values: (number | undefined)[] = [0.2, Number.NaN, undefined, 0.9, -1]
      for (const [index, value] of values.entries()) {
        clock.time += 1
        const parent = { [reservedTags.parentRunId]: index < 2 ? 'p1' : 'p2' }
        const { id } = await tracking.createRun({ experimentId, name: `r${index}`, tags: parent, caller })
        if (value !== undefined) await tracking.logBatch({ runId: id, metrics: [{ key: 'auc', value }] })
        if (index === 4) await tracking.finishRun(id, 'FAILED', caller)
      }
      await tracking.createRun({ caller, name: 'elsewhere' })
      const names = async (search: Partial<Parameters<typeof tracking.searchRuns>[0]>): Promise<string> =>
        (await tracking.searchRuns({ experimentIds: [experimentId], limit: 10, ...search }))
          .map(({ name }) => name)
          .join(' ')
      assert.equal(await names({}), 'r4 r3 r2 r1 r0')
      assert.equal(await names({ orderBy: ['metrics.auc desc'] }), 'r3 r0 r4 r1 r2')
      assert.equal(await names({ orderBy: ['metrics.auc'] }), 'r4 r0 r3 r1 r2')
      assert.equal(await names({ orderBy: ['run_name'], limit: 2, offset: 1 }), 'r1 r2')
      assert.equal(await names({ statuses: ['FAILED'] }), 'r4')
      assert.equal(await names({ tags: { [reservedTags.parentRunId]: 'p1' } }), 'r1 r0')
      assert.equal(await names({ experimentIds: [] }), '')
      const [failed] = await tracking.searchRuns({ statuses: ['FAILED'], limit: 1 })
      await tracking.deleteRun(failed?.id ?? '')
      assert.equal(await names({}), 'r3 r2 r1 r0')
      assert.equal(await names({ view: 'deleted' }), 'r4')
    }))

  it('records the data and the models of a run, each once', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      const data = {
        name: 'flights',
        digest: 'sha256:ab',
        sourceType: 'devmlops',
        source: 'flights@3',
        context: 'training',
        tags: {},
      }
      await tracking.logInputs(id, [data, data])
      await tracking.logInputs(id, [{ ...data, context: 'holdout' }])
      await tracking.logOutputs(id, [{ modelId: 'm-1', step: 3 }])
      await tracking.logInputModels(id, ['m-0'])
      const run = await tracking.getRun(id)
      assert.deepEqual(run.inputs, [data])
      assert.deepEqual(run.outputs, [{ modelId: 'm-1', step: 3 }])
      assert.deepEqual(run.inputModels, ['m-0'])
    }))

  it('refuses data and models that are called what nothing can be called', () =>
    withTracking(async (tracking) => {
      const { id } = await tracking.createRun({ caller })
      const data = { name: 'a', digest: 'b', sourceType: 'local', source: 'c', tags: {} }
      for (const [change, at, message] of [
        [
          { name: 'x'.repeat(501) },
          'datasets[1].name',
          /^'name' exceeds the maximum length of 500 characters$/,
        ],
        [{ schema: 'x'.repeat(1_048_576) }, 'datasets[1].schema', /exceeds/],
        [{ source: 'a\0b' }, 'datasets[1].source', /U\+0000/],
        [{ tags: { ['k'.repeat(256)]: '' } }, 'datasets[1].tags', /'key' exceeds/],
      ] as const) {
        await assert.rejects(tracking.logInputs(id, [data, { ...data, ...change }]), {
          code: 'invalid_input',
          at,
          message,
        })
      }
      for (const modelId of ['', 'm\0', '../m', 'm'.repeat(256)]) {
        await assert.rejects(tracking.logOutputs(id, [{ modelId, step: 0 }]), { at: 'models[0].model_id' })
        await assert.rejects(tracking.logInputModels(id, [modelId]), { code: 'invalid_input' })
      }
      const run = await tracking.getRun(id)
      assert.deepEqual([run.inputs, run.inputModels, run.outputs], [[], [], []])
    }))

  it('keeps artifacts by digest and lists them as a tree', () =>
    withTracking(async (tracking, { platform }) => {
      const { id } = await tracking.createRun({ caller })
      const log = (path: string, text: string) =>
        tracking.logArtifact({ runId: id, path, content: Buffer.from(text) })
      const first = await log('model/model.onnx', 'one')
      await log('model/data/x.json', '{}')
      await log('notes.txt', 'one')
      assert.equal((await tracking.findArtifact(id, 'notes.txt')).digest, first.digest)
      assert.deepEqual(
        (await tracking.listArtifacts(id)).map(({ path, isDirectory, sizeBytes }) => [
          path,
          isDirectory,
          sizeBytes,
        ]),
        [
          ['model', true, undefined],
          ['notes.txt', false, 3],
        ],
      )
      assert.deepEqual(
        (await tracking.listArtifacts(id, 'model')).map(({ path }) => path),
        ['model/data', 'model/model.onnx'],
      )
      assert.deepEqual(await tracking.listArtifacts(id, 'notes.txt'), [])
      await log('notes.txt', 'two')
      assert.equal(Buffer.from(await tracking.readArtifact(id, 'notes.txt')).toString(), 'two')
      await assert.rejects(log('notes.txt/inside', 'x'), { code: 'conflict', message: /has "notes\.txt"/ })
      await assert.rejects(log('model', 'x'), { code: 'conflict' })
      await assert.rejects(log('../up', 'x'), { code: 'invalid_input' })
      await assert.rejects(tracking.readArtifact(id, 'gone'), { code: 'not_found' })
      const blob = await platform.blobs.localPath(first.digest)
      const { chmod, writeFile } = await import('node:fs/promises')
      await chmod(blob, 0o644)
      await writeFile(blob, 'eno')
      await assert.rejects(tracking.readArtifact(id, 'model/model.onnx'), { code: 'storage_corrupt' })
    }))
})
