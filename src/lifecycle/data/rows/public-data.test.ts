import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { openTables } from '#platform/tables/index'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'

const samples = resolve(import.meta.dirname, '../../../../../shared/data')
const skip = existsSync(samples) ? false : `there is no sample data in ${samples}`

async function take(workshop: Workshop, sample: string, name: string): Promise<void> {
  await mkdir(join(workshop.directory, 'incoming'), { recursive: true })
  await copyFile(join(samples, sample), join(workshop.directory, 'incoming', name))
}

const taxi = `taxi:
  source: { files: incoming/*.csv }
  time: pickup_datetime
  expectations:
    - between: { column: fare_amount, maximum: 5000 }`

test(
  'taxi months: reads mixed line ends and says so, and learns a type when it first has a value',
  { skip },
  async () => {
    await using workshop = await openWorkshop(taxi)
    const months = ['2018-12', '2019-01', '2019-02']
    for (const month of months)
      await take(workshop, `taxi/yellow_tripdata_sample_${month}.csv`, `${month}.csv`)
    const { version, arrivals } = await workshop.service.add('taxi', {}, ada)
    assert.deepEqual(
      arrivals.map(({ rows, validation }) => [rows, validation?.warnings.length]),
      [
        [10_000, 0],
        [10_000, 1],
        [10_000, 1],
      ],
    )
    assert.match(arrivals[1]?.validation?.warnings[0] ?? '', /10000 lines end in CRLF, 1 in LF/)
    assert.deepEqual([version?.version, version?.rows, version?.outcome], [1, 30_000, 'warn'])
    const { columns } = await workshop.service.get('taxi', 1)
    assert.equal(columns.find(({ name }) => name === 'congestion_surcharge')?.type, 'number')
    const profile = await workshop.service.profile('taxi', 1)
    const surcharge = profile.columns.find(({ name }) => name === 'congestion_surcharge')
    assert.equal(surcharge?.values.missing, 10_000 + 6_327)

    // What a pipeline reads is what was judged: no carriage return is left in the last column, no row is lost.
    const { relation, allowedPaths } = await workshop.service.open('taxi')
    const tables = await openTables({
      allowedDirectories: [],
      allowedPaths,
      temporaryDirectory: join(workshop.home, 'tmp'),
    })
    const [row] = await tables.rows(
      `SELECT count(*) AS rows, count(congestion_surcharge) AS surcharges FROM ${relation}`,
    )
    tables.close()
    assert.deepEqual(row, { rows: 30_000, surcharges: 30_000 - 16_327 })
  },
)

test('taxi: one fare of 429,490.20 keeps its month out, and its row is named', { skip }, async () => {
  await using workshop = await openWorkshop(taxi)
  await take(workshop, 'taxi/yellow_tripdata_sample_2018-08.csv', '2018-08.csv')
  const { version, arrivals } = await workshop.service.add('taxi', {}, ada)
  assert.equal(version, null)
  const check = arrivals[0]?.rejection?.validation?.checks[0]
  assert.deepEqual([check?.considered, check?.unexpected, check?.samples.length], [10_000, 1, 1])
  assert.deepEqual(check?.samples[0]?.values, { fare_amount: 429_490.2 })
})

test(
  'adult: `NA` is missing when it is named, and labels with a full stop are caught',
  { skip },
  async () => {
    await using workshop = await openWorkshop(`adult:
  source: { files: incoming/*.csv }
  nulls: [NA]
  expectations:
    - not_null: workclass
      mostly: 0.94
    - in_set: { column: class, values: ['<=50K', '>50K'] }`)
    await take(workshop, 'adult_train.csv', '1-train.csv')
    await take(workshop, 'adult_test.csv', '2-test.csv')
    const { arrivals, version } = await workshop.service.add('adult', {}, ada)
    assert.deepEqual(
      arrivals.map(({ state }) => state),
      ['accepted', 'rejected'],
    )
    assert.equal(version?.rows, 32_561)
    const [missing] = arrivals[0]?.validation?.checks ?? []
    assert.deepEqual([missing?.outcome, missing?.unexpected], ['pass', 1_836])
    const labels = arrivals[1]?.rejection?.validation?.checks.find(({ kind }) => kind === 'in_set')
    assert.deepEqual([labels?.unexpected, labels?.samples[0]?.values], [16_281, { class: '<=50K.' }])
  },
)

test(
  'housing and bikes: types, missing values and CRLF as the publishers describe them',
  { skip },
  async () => {
    await using workshop = await openWorkshop(
      'housing:\n  source: { files: incoming/housing.csv }\nbikes:\n  source: { files: incoming/bikes.csv }\n  key: [dteday, hr]',
    )
    await take(workshop, 'housing.csv', 'housing.csv')
    await take(workshop, 'bike_hour.csv', 'bikes.csv')
    await workshop.service.addAll(ada)
    const housing = await workshop.service.profile('housing', 'latest')
    const bedrooms = housing.columns.find(({ name }) => name === 'total_bedrooms')
    assert.deepEqual([bedrooms?.type, bedrooms?.values.missing], ['number', 207])
    const bikes = await workshop.service.get('bikes', 'latest')
    assert.equal(bikes.rows, 17_379)
    const types = new Map(bikes.columns.map(({ name, type }) => [name, type]))
    assert.deepEqual(
      [types.get('dteday'), types.get('windspeed'), types.get('cnt')],
      ['date', 'number', 'integer'],
    )
  },
)
