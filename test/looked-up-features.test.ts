import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFeaturesService } from '#lifecycle/features/service'
import { featureMigrations } from '#lifecycle/features/tables'
import { viewSchema } from '#lifecycle/features/views/feature-view'
import { featuresSettingsSchema } from '#lifecycle/serving/deployment/features'
import { createFeatureLookups } from '#lifecycle/serving/feature-lookups'
import { flightVariant, runProcess } from '#lifecycle/serving/process/fixtures/running-process'
import { flightProbability, flightSignature } from '#lifecycle/serving/process/fixtures/small-models'
import { systemCaller } from '#platform/access/access'
import { migrate, openDatabase } from '#platform/database/index'
import { fixturePlatform, platformMigrations } from '#platform/platform.fixture'
import { quoteText } from '#platform/tables/index'

const view = viewSchema.parse({
  source: 'flights',
  entity: 'tail',
  time: 'left_at',
  features: { distance: { column: 'miles' }, origin: { column: 'airport' } },
})

test('what devmlops features materialize has worked out is what a deployment fills in', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'looked-up-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const csv = join(directory, 'flights.csv')
  const database = await openDatabase({ path: ':memory:' })
  await migrate(database, [...platformMigrations, ...featureMigrations], 0)
  const { platform, close } = fixturePlatform(database, { now: () => Date.parse('2024-02-01T00:00:00Z') })
  t.after(close)
  const service = createFeaturesService({
    platform,
    project: async () => ({ directory, sections: { features: { aircraft: view }, splits: {} } }),
    datasets: {
      resolveDataset: async () => ({ name: 'flights', version: 1, digest: 'sha256:1' }),
      openDataset: async () => ({
        name: 'flights',
        version: 1,
        digest: 'sha256:1',
        parts: [],
        relation: `read_csv(${quoteText(csv)})`,
        allowedPaths: [csv],
      }),
    },
    requireRaw: async () => undefined,
    modelsOfRun: async () => [],
  })
  const materialize = async (rows: string): Promise<void> => {
    writeFileSync(csv, `tail,left_at,miles,airport\n${rows}`)
    await service.materialize('aircraft', { full: true }, systemCaller('test'))
  }
  await materialize(
    '17,2024-01-01 08:00:00,900,JFK\n17,2024-01-02 08:00:00,400,ATL\n18,2024-01-02 09:00:00,100,SFO\n',
  )

  const lookups = createFeatureLookups({
    home: platform.config.home,
    versionOfView: async (name) => (await service.list()).find((known) => known.name === name)?.version,
  })
  const written = featuresSettingsSchema.parse([{ view: 'aircraft', on_missing: 'refuse' }])
  const { flights } = await lookups.pinned({ flights: { features: written } })
  const running = await runProcess(t, { featureHome: platform.config.home })
  const features = lookups.of(flights?.features ?? [], flightSignature)
  const variants = [flightVariant(running.files, { version: 1, features })]
  const accepted = await running.putPlan({ revision: 1, deployments: [{ name: 'flights', variants }] })
  assert.equal(accepted.status, 200, accepted.text)

  const chance = async (row: object): Promise<number> => {
    const reply = await running.send('POST', '/deployments/flights/predict', { rows: [{ hour: 9, ...row }] })
    assert.equal(reply.status, 200, reply.text)
    return (reply.json as { predictions: { probability: number }[] }).predictions[0]?.probability ?? 0
  }
  const near = (found: number, distance: number, origin: string): void =>
    assert.ok(Math.abs(found - flightProbability(1, { distance, origin })) < 1e-6)
  near(await chance({ tail: 17 }), 400, 'ATL')
  near(await chance({ tail: 18, origin: 'JFK' }), 100, 'JFK')
  await materialize('17,2024-01-03 08:00:00,2000,SFO\n')
  near(await chance({ tail: 17 }), 2000, 'SFO')
})
