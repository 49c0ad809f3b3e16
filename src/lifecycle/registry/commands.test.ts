import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fixtureCommandLine } from '#cli/command-line.fixture'
import { createTrackingStage, trackingMigrations } from '#lifecycle/tracking/index'
import { migrate, openDatabase } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { registryCommands } from './commands.ts'
import { createRegistryStage, registryMigrations } from './index.ts'

const interval = { low: 0.61, high: 0.69, level: 0.95, method: 'DeLong' }
const auc = {
  status: 'value',
  name: 'roc_auc',
  value: 0.65,
  interval,
  n: 1000,
  nPositive: 200,
  higherIsBetter: true,
}
const report = {
  formatVersion: 1,
  model: 'flights',
  runId: 'r',
  dataset: { name: 'holdout', version: '3' },
  period: null,
  evaluatedAt: '2001-06-01T00:00:00Z',
  task: 'binary',
  threshold: 0.5,
  n: 1000,
  nPositive: 200,
  metrics: [auc],
  confusion: null,
  calibration: [],
  curves: null,
  slices: [
    { name: 'origin: JFK', column: 'origin', named: false, n: 300, tooSmall: false, metrics: [auc] },
    {
      name: 'origin: ORD',
      column: 'origin',
      named: false,
      n: 200,
      tooSmall: false,
      metrics: [{ ...auc, value: 0.5 }],
    },
  ],
  references: [],
  gates: [
    {
      gate: 'roc_auc at least 0.7',
      rule: { metric: 'roc_auc', at_least: 0.7 },
      outcome: 'failed',
      observed: { value: 0.65, interval },
      required: { bound: 0.7, side: 'at_least' },
      reason: 'roc_auc is 0.65, which is less than 0.7',
    },
  ],
  verdict: { outcome: 'failed', reason: '1 of 1 gates failed' },
}

describe('the models commands', () => {
  let run: ReturnType<typeof fixtureCommandLine>
  let close: () => Promise<void>

  before(async () => {
    const database = await openDatabase({ path: ':memory:' })
    await migrate(database, [...platformMigrations, ...trackingMigrations, ...registryMigrations], 0)
    const { platform, close: closePlatform } = fixturePlatform(database)
    const tracking = createTrackingStage({ platform })
    const { stage, service } = createRegistryStage({ platform, tracking: tracking.service })
    close = closePlatform
    run = fixtureCommandLine({ commands: registryCommands, stages: [tracking.stage, stage], platform })
    const put = (text: string) => platform.blobs.put(Buffer.from(text))
    const { digest: reportDigest } = await put(JSON.stringify(report))
    for (const verdict of ['passed', 'passed', 'failed'] as const) {
      await service.register(
        {
          model: 'flights',
          artifacts: [{ path: 'model.onnx', ...(await put('graph')) }],
          evaluation: { reportDigest, verdict },
          lineage: { code: { commit: 'abc123', dirty: true } },
          card: '# Flights\n',
        },
        { name: 'ada' },
      )
    }
  })
  after(() => close())

  it('promote, refuse failed gates, and roll back', async () => {
    assert.match(
      (await run('models', 'promote', 'flights', '1')).out,
      /flights@champion is version 1: no reason given/,
    )
    const second = await run('models', 'promote', 'flights', '2', '--reason', 'better')
    assert.match(second.out, /is version 2 \(was version 1\): better/)
    assert.match(
      (await run('models', 'promote', 'flights', 'champion')).out,
      /Version 2 of flights is champion already/,
    )
    const refused = await run('models', 'promote', 'flights', '3')
    assert.deepEqual([refused.code, refused.out], [7, ''])
    assert.match(refused.err, /did not pass its gates[\s\S]*--force/)
    const back = await run('models', 'rollback', 'flights', '--reason', 'alarm', '--json')
    const { fromVersion, toVersion, kind } = JSON.parse(back.out) as Record<string, unknown>
    assert.deepEqual([fromVersion, toVersion, kind], [2, 1, 'rollback'])
    assert.equal((await run('models', 'rollback', 'flights')).code, 5)
    assert.equal((await run('models', 'rollback', 'flihgts')).code, 4)
  })

  it('show models, versions and history', async () => {
    assert.match((await run('models', 'list')).out, /flights +3 +champion=1/)
    const { out } = await run('models', 'show', 'flights')
    assert.match(out, /3 +failed/)
    assert.match(out, /2 → 1 +rollback +\S+ +alarm/)
  })

  it('show why a version passed or failed', async () => {
    const { out, code } = await run('models', 'show', 'flights@3')
    assert.equal(code, 0)
    assert.match(out, /failed +roc_auc at least 0\.7 +roc_auc is 0\.65/)
    assert.match(out, /roc_auc +0\.65 \[0\.61, 0\.69\]/)
    assert.match(out, /origin: ORD +200 +0\.5[\s\S]*origin: JFK/)
    assert.match(out, /abc123, with changes no commit holds/)
    assert.equal((await run('models', 'card', 'flights@3')).out, '# Flights\n')
    assert.equal((await run('models', 'show', 'flights@gone')).code, 4)
  })

  it('rename a model, and delete one only when told twice', async () => {
    assert.match((await run('models', 'rename', 'flights', 'delays')).out, /flights is delays now/)
    assert.match((await run('models', 'show', 'flights@3')).out, /delays version 3/)
    const asked = await run('models', 'delete', 'delays@2')
    assert.deepEqual([asked.code, asked.out], [2, ''])
    assert.match(asked.err, /version 2 of delays, for good[\s\S]*--yes/)
    assert.match((await run('models', 'delete', 'delays@2', '--yes')).out, /delays@2 is deleted/)
    assert.equal((await run('models', 'show', 'delays@2')).code, 4)
    assert.match((await run('models', 'delete', 'delays')).err, /delays with 2 versions/)
    assert.match((await run('models', 'delete', 'delays', '--yes', '--json')).out, /"deleted": "delays"/)
    assert.match((await run('models', 'promote', 'flights', '1')).err, /no registered model/)
  })
})
