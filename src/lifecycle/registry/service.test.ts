import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import type { Database } from '#platform/database/index'
import { forEachEngine } from '#platform/database/testing'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import type { Verdict } from './contract.ts'
import { championSource, modelSource } from './model-source.ts'
import { createRegistryService } from './service.ts'
import { registryMigrations } from './tables.ts'

const caller = { name: 'ada' }
const signature = {
  inputs: [{ name: 'hour', type: 'double' as const, required: true }],
  outputs: [{ name: 'probability', type: 'double' as const }],
}

forEachEngine('registry', [...platformMigrations, ...trackingMigrations, ...registryMigrations], (open) => {
  const fixture = (database: Database) => {
    const clock = { time: 5_000, now: () => clock.time }
    const { platform, close } = fixturePlatform(database, clock)
    const { service: tracking } = createTrackingStage({ platform })
    const registry = createRegistryService({ platform, tracking })
    const put = async (path: string, text: string) => ({
      path,
      ...(await platform.blobs.put(Buffer.from(text))),
    })
    const register = async (text: string, verdict?: Verdict) => {
      const report = await put('report.json', `{"verdict":"${verdict}"}`)
      return registry.register(
        {
          model: 'flights',
          artifacts: [await put('model.onnx', text)],
          signature,
          ...(verdict === undefined ? {} : { evaluation: { reportDigest: report.digest, verdict } }),
        },
        caller,
      )
    }
    const promote = (version: number, more: { reason?: string; force?: boolean; alias?: string } = {}) =>
      registry.promote({ model: 'flights', alias: 'champion', version, ...more }, caller)
    return { platform, close, clock, tracking, registry, put, register, promote }
  }
  const withRegistry = async (use: (context: ReturnType<typeof fixture>) => Promise<void>) => {
    const context = fixture(await open())
    try {
      await use(context)
    } finally {
      await context.close()
    }
  }

  it('numbers versions from 1 and registers the same run once', () =>
    withRegistry(async ({ registry, tracking, put, platform }) => {
      const { id: runId } = await tracking.createRun({ caller })
      const artifacts = [await put('model.onnx', 'graph')]
      const lineage = { datasets: [{ name: 'flights', version: '3', digest: 'sha256:ab' }] }
      const first = await registry.register(
        { model: 'flights', runId, artifacts, signature, lineage, card: '# Card' },
        caller,
      )
      const again = await registry.register({ model: 'flights', runId, artifacts }, caller)
      const other = await registry.register({ model: 'flights', artifacts }, { name: 'grace' })
      assert.deepEqual([first.version, again.version, other.version], [1, 1, 2])
      assert.deepEqual(again, first)
      assert.deepEqual(
        [first.card, first.lineage.datasets[0]?.version, first.signature, other.signature],
        ['# Card', '3', signature, null],
      )
      assert.equal((await registry.getVersion('flights', 'latest')).createdBy, 'grace')
      assert.deepEqual(
        (await registry.listVersions('flights', 10)).map(({ version }) => version),
        [2, 1],
      )
      const told = await platform.events.list({ types: ['model.registered'], limit: 10 })
      assert.deepEqual(
        told.map(({ subject, actor }) => [subject, actor]),
        [
          ['model/flights@1', 'ada'],
          ['model/flights@2', 'grace'],
        ],
      )
    }))

  it('gives writers that register at once a version each, and one version to those with the same run', () =>
    withRegistry(async ({ registry, tracking, put }) => {
      const artifacts = [await put('model.onnx', 'graph')]
      const each = await Promise.all(
        Array.from({ length: 6 }, () => registry.register({ model: 'm', artifacts }, caller)),
      )
      assert.deepEqual(new Set(each.map(({ version }) => version)), new Set([1, 2, 3, 4, 5, 6]))
      const { id: runId } = await tracking.createRun({ caller })
      const same = await Promise.all(
        Array.from({ length: 4 }, () => registry.register({ model: 'm', runId, artifacts }, caller)),
      )
      assert.deepEqual(
        same.map(({ version }) => version),
        [7, 7, 7, 7],
      )
      assert.equal((await registry.getModel('m')).latestVersion, 7)
    }))

  it('refuses a version of bytes or of a run that are not there', () =>
    withRegistry(async ({ registry, put }) => {
      const real = await put('model.onnx', 'graph')
      const gone = { ...real, digest: `sha256:${'0'.repeat(64)}` }
      await assert.rejects(registry.register({ model: 'm', artifacts: [gone] }, caller), {
        code: 'not_found',
      })
      await assert.rejects(
        registry.register({ model: 'm', artifacts: [{ ...real, sizeBytes: 1 }] }, caller),
        { code: 'not_found' },
      )
      await assert.rejects(
        registry.register({ model: 'm', runId: 'f'.repeat(32), artifacts: [real] }, caller),
        { code: 'not_found' },
      )
      await assert.rejects(registry.register({ model: 'a/b', artifacts: [real] }, caller), {
        code: 'invalid_input',
      })
      await assert.rejects(registry.getModel('m'), { code: 'not_found' })
    }))

  it('moves an alias and writes down who, when and why', () =>
    withRegistry(async ({ registry, register, promote, clock, platform }) => {
      await register('one', 'passed')
      await register('two', 'passed')
      await promote(1, { reason: 'first' })
      clock.time = 6_000
      const moved = await promote(2, { reason: 'better' })
      assert.equal(await promote(2, { reason: 'again' }), undefined)
      assert.deepEqual((await registry.getVersion('flights', 'champion')).version, 2)
      assert.deepEqual((await registry.getModel('flights')).aliases, { champion: 2 })
      const history = await registry.transitions('flights')
      assert.deepEqual(history.at(-1), moved)
      assert.deepEqual(
        history.map(({ fromVersion, toVersion, time, actor, reason }) => [
          fromVersion,
          toVersion,
          time,
          actor,
          reason,
        ]),
        [
          [null, 1, 5_000, 'ada', 'first'],
          [1, 2, 6_000, 'ada', 'better'],
        ],
      )
      const told = await platform.events.list({ types: ['model.alias_set'], limit: 10 })
      assert.deepEqual(told.at(-1)?.payload, {
        model: 'flights',
        alias: 'champion',
        version: 2,
        previous: 1,
        kind: 'set',
        reason: 'better',
        forced: false,
      })
      await assert.rejects(promote(9), { code: 'not_found' })
      await assert.rejects(promote(1, { alias: 'latest' }), { code: 'invalid_input' })
      await assert.rejects(registry.promote({ model: 'flihgts', alias: 'a', version: 1 }, caller), {
        hint: /"flights"/,
      })
    }))

  it('writes a chain without a break when many promote at once', () =>
    withRegistry(async ({ registry, register, promote }) => {
      for (const text of ['a', 'b', 'c', 'd', 'e']) await register(text)
      await Promise.all([1, 2, 3, 4, 5].map((version) => promote(version)))
      const history = await registry.transitions('flights')
      assert.equal(history.length, 5)
      for (const [index, move] of history.entries()) {
        assert.equal(move.fromVersion, index === 0 ? null : history[index - 1]?.toVersion)
      }
      assert.equal((await registry.getVersion('flights', 'champion')).version, history.at(-1)?.toVersion)
    }))

  it('does not promote a version whose gates failed, unless someone answers for it', () =>
    withRegistry(async ({ register, promote }) => {
      await register('bad', 'failed')
      await assert.rejects(promote(1, { reason: 'please' }), { code: 'gate_failed' })
      await assert.rejects(promote(1, { force: true }), { code: 'invalid_input', at: 'reason' })
      await assert.rejects(promote(1, { force: true, reason: ' ' }), { code: 'invalid_input' })
      const forced = await promote(1, { force: true, reason: 'the holdout was broken' })
      assert.equal(forced?.forced, true)
    }))

  it('rolls back further each time, past what was set in between, and says when there is nothing left', () =>
    withRegistry(async ({ registry, register, promote }) => {
      for (const text of ['a', 'b', 'c', 'd']) await register(text, 'passed')
      const back = async () => (await registry.rollback({ model: 'flights' }, caller)).toVersion
      await assert.rejects(back(), { code: 'conflict', message: /No version .* has or had/ })
      for (const version of [1, 2, 3]) await promote(version)
      assert.equal(await back(), 2)
      await promote(4)
      assert.equal(await back(), 2)
      assert.equal(await back(), 1)
      await assert.rejects(back(), { code: 'conflict', message: /nothing to roll back to/ })
      assert.equal((await registry.getVersion('flights', 'champion')).version, 1)
    }))

  it('does not roll back to a version whose gates failed, unless someone answers for it', () =>
    withRegistry(async ({ registry, register, promote }) => {
      await register('bad', 'failed')
      await register('good', 'passed')
      await promote(1, { force: true, reason: 'nothing else' })
      await promote(2)
      await assert.rejects(registry.rollback({ model: 'flights' }, caller), { code: 'gate_failed' })
      const { forced, toVersion } = await registry.rollback(
        { model: 'flights', force: true, reason: 'outage' },
        caller,
      )
      assert.deepEqual([forced, toVersion], [true, 1])
    }))

  it('removes an alias and can put it back', () =>
    withRegistry(async ({ registry, register, promote, platform }) => {
      await register('a')
      await promote(1)
      const removal = { model: 'flights', alias: 'champion', reason: 'retired' }
      assert.equal((await registry.removeAlias(removal, caller))?.toVersion, null)
      assert.equal(await registry.removeAlias(removal, caller), undefined)
      assert.equal(await registry.versionOfAlias('flights', 'champion'), undefined)
      assert.equal((await registry.rollback({ model: 'flights' }, caller)).toVersion, 1)
      assert.equal((await platform.events.list({ types: ['model.alias_removed'], limit: 5 })).length, 1)
    }))

  it('tells later what a process decided and died before telling', () =>
    withRegistry(async ({ register, promote, platform, tracking }) => {
      await register('a')
      const dying = createRegistryService({
        platform: {
          ...platform,
          events: { ...platform.events, emit: () => Promise.reject(new Error('killed')) },
        },
        tracking,
      })
      await assert.rejects(
        dying.promote({ model: 'flights', alias: 'champion', version: 1 }, caller),
        /killed/,
      )
      assert.equal(await promote(1), undefined)
      const told = await platform.events.list({ types: ['model.alias_set'], limit: 5 })
      assert.deepEqual(
        told.map(({ payload }) => payload['version']),
        [1],
      )
    }))

  it('describes and tags models and versions, and changes nothing else of them', () =>
    withRegistry(async ({ registry, register }) => {
      const before = await register('a', 'passed')
      const model = await registry.describeModel('flights', { description: 'late?', tags: { team: 'ops' } })
      assert.deepEqual([model.description, model.tags], ['late?', { team: 'ops' }])
      const after = await registry.describeVersion({ model: 'flights', reference: '1' }, { tags: { a: 'b' } })
      assert.deepEqual(after, { ...before, tags: { a: 'b' } })
    }))

  it('traces a version to its run, data and code', () =>
    withRegistry(async ({ registry, tracking, put, promote }) => {
      const { id: runId } = await tracking.createRun({ caller, name: 'trees' })
      await tracking.logBatch({
        runId,
        params: { trees: '100' },
        metrics: [
          { key: 'auc', value: 0.7 },
          { key: 'bad', value: Number.NaN },
        ],
      })
      const lineage = { code: { commit: 'abc', dirty: true }, environment: { node: 'v24' } }
      await registry.register(
        { model: 'flights', runId, lineage, artifacts: [await put('model.onnx', 'x')] },
        caller,
      )
      await promote(1)
      const { run, version, transitions } = await registry.trace('flights', 'champion')
      assert.deepEqual(
        [run?.name, run?.params, run?.metrics],
        ['trees', { trees: '100' }, { auc: 0.7, bad: 'NaN' }],
      )
      assert.deepEqual(version.lineage, {
        datasets: [],
        parameters: {},
        environment: { node: 'v24' },
        code: { commit: 'abc', dirty: true },
      })
      assert.deepEqual([version.aliases, transitions.length], [['champion'], 1])
      assert.equal(await registry.report('flights', '1'), undefined)
    }))

  it('gives others the version of an alias and its graph', () =>
    withRegistry(async ({ registry, register, promote }) => {
      const source = modelSource(registry)
      const champions = championSource(registry)
      assert.deepEqual(await champions.champion('flights'), { status: 'none' })
      await register('graph bytes')
      await promote(1)
      const version = await source.versionOfAlias('flights', 'champion')
      assert.deepEqual([version?.version, version?.files[0]?.path], [1, 'model.onnx'])
      const { label, read, inputs } = await source.readModel({ model: 'flights', version: 1 })
      assert.deepEqual(
        [label, Buffer.from(await read('model.onnx')).toString(), inputs],
        ['flights v1', 'graph bytes', signature.inputs],
      )
      assert.equal((await champions.champion('flights')).status, 'found')
    }))
})
