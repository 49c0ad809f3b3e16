import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fixtureCommandLine } from '#cli/command-line.fixture'
import { migrate, openDatabase } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { trackingCommands } from './commands.ts'
import { createTrackingStage, reservedTags, trackingMigrations } from './index.ts'

describe('the runs commands', () => {
  let run: ReturnType<typeof fixtureCommandLine>
  let close: () => Promise<void>
  const ids: string[] = []

  before(async () => {
    const database = await openDatabase({ path: ':memory:' })
    await migrate(database, [...platformMigrations, ...trackingMigrations], 0)
    const fixture = fixturePlatform(database)
    const { stage, service } = createTrackingStage(fixture)
    close = fixture.close
    run = fixtureCommandLine({ commands: trackingCommands, stages: [stage], platform: fixture.platform })
    for (const [name, trees] of [
      ['small', '60'],
      ['large', '100'],
    ] as const) {
      const tags = { [reservedTags.pipeline]: 'train', [reservedTags.step]: 'fit' }
      const { id: runId } = await service.createRun({
        name,
        tags,
        startedAt: Number(trees),
        caller: { name: 'ada' },
      })
      ids.push(runId)
      const metrics = Array.from({ length: 9 }, (_, step) => ({
        key: 'loss',
        value: 1 - step / 10,
        timestamp: step,
        step,
      }))
      await service.logBatch({
        runId,
        params: { trees, seed: '7' },
        metrics: [...metrics, { key: 'gap', value: Number.NaN }],
      })
      await service.createLoggedModel({
        experimentId: '0',
        name: 'forest',
        modelType: 'onnx',
        sourceRunId: runId,
      })
      await service.logArtifact({ runId, path: 'model/model.onnx', content: Buffer.from('graph') })
      await service.updateRun({
        runId,
        status: 'FINISHED',
        endedAt: Number(trees) + 1500,
        caller: { name: 'ada' },
      })
    }
  })
  after(() => close())

  it('list runs with their metrics, newest first', async () => {
    for (const words of [['runs'], ['runs', 'list']]) {
      const { code, out } = await run(...words)
      assert.equal(code, 0)
      const [, first, second] = out.split('\n')
      assert.match(
        first ?? '',
        new RegExp(`^${ids[1]?.slice(0, 8)}  large +finished +1\\.5s +0\\.2 +NaN +train/fit`),
      )
      assert.match(second ?? '', /small/)
    }
    const sorted = await run('runs', '--sort', 'params.trees desc', '--limit', '1', '--json')
    assert.deepEqual(
      (JSON.parse(sorted.out) as { name: string }[]).map(({ name }) => name),
      ['small'],
    )
    const order = ['--order-by', 'status, params.trees', '--json']
    const found = await run('runs', '--filter', "params.trees LIKE '1__' AND NOT metrics.gap = 1", ...order)
    assert.deepEqual(
      (JSON.parse(found.out) as { name: string }[]).map(({ name }) => name),
      ['large'],
    )
    assert.match((await run('runs', '--filter', 'auc > 0.5')).err, /Invalid attribute key 'auc'/)
    assert.match((await run('runs', '--experiment', 'Defalt')).err, /Did you mean "Default"/)
  })

  it('show one run by the beginning of its id, with the course of its metrics', async () => {
    const { out, code } = await run('runs', 'show', ids[0]?.slice(0, 6) ?? '')
    assert.equal(code, 0)
    assert.match(out, /^small {2}finished/)
    assert.match(out, /loss +0\.2 +8 {2}█▇▆▅▅▄▃▂▁/u)
    assert.match(out, /trees +60/)
    assert.match(out, /model\//)
    assert.match(out, /forest +pending +onnx +models:\/m-[0-9a-f]{32}/)
    const unknown = await run('runs', 'show', 'ffffff')
    assert.deepEqual([unknown.code, unknown.out], [4, ''])
  })

  it('mark what differs between runs', async () => {
    const { out } = await run('runs', 'compare', ...ids)
    assert.match(out, /≠ +param trees +60 +100/)
    assert.match(out, /^ +param seed +7 +7/m)
  })

  it('save an artifact as a file', async () => {
    const { out } = await run('runs', 'download', ids[0] ?? '', 'model/model.onnx', '--json')
    const { path } = JSON.parse(out) as { path: string }
    assert.ok(path.endsWith(join('', 'model.onnx')))
    assert.equal(await readFile(path, 'utf8'), 'graph')
    assert.equal((await run('runs', 'download', ids[0] ?? '', '../x')).code, 2)
  })
})
