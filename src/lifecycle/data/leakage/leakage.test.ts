import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import { createDataStore } from '../store.ts'
import { ada, openWorkshop, type Workshop } from '../service.fixture.ts'
import { createLeakage, type LeakageRequest } from './leakage-service.ts'
import type { LeakageReport } from './leakage-report.ts'
import { findLinearRelation } from './linear-relation.ts'
import { readProject } from '../../project/index.ts'
import { dataSection } from '../section.ts'

const samples = resolve(import.meta.dirname, '../../../../../shared/data')
const skip = existsSync(samples) ? false : `there is no sample data in ${samples}`

function find(workshop: Workshop, request: LeakageRequest): Promise<LeakageReport> {
  const { platform, service, directory } = workshop
  const project = () => readProject({ path: join(directory, 'devmlops.yaml'), sections: [dataSection] })
  return createLeakage({ platform, project, service, store: createDataStore(platform.database) }).find(
    request,
    ada,
  )
}

const kinds = (report: LeakageReport): string[] => report.leaks.map(({ kind }) => kind)

test('finds a sum with a few rows that break it, signs, units and a constant, and no sum where there is none', () => {
  const random = createRandom(5)
  const column = (draw: () => number): Float64Array => Float64Array.from({ length: 1000 }, draw)
  const a = column(() => random.normal() * 10)
  const b = column(() => random.uniform() * 100)
  const c = column(() => random.below(9))
  const columns = [
    { name: 'a', values: a },
    { name: 'b', values: b },
    { name: 'copy', values: a },
    { name: 'c', values: c },
  ]
  const y = a.map((value, row) => value - 1.609344 * (b[row] as number) + 32 + (row % 50 === 0 ? 7 : 0))
  assert.deepEqual(findLinearRelation(y, columns), {
    terms: [
      { column: 'a', coefficient: 1 },
      { column: 'b', coefficient: -1.609344 },
    ],
    constant: 32,
  })
  assert.equal(
    findLinearRelation(
      column(() => random.normal()),
      columns,
    ),
    undefined,
  )
  assert.equal(
    findLinearRelation(
      column(() => 1),
      columns,
    ),
    undefined,
  )
  const noisy = y.map((value) => value + random.normal())
  assert.equal(findLinearRelation(noisy, columns), undefined)
})

test('names what stands on both sides: rows, features, keys, days, and rows before the training ends', async () => {
  await using workshop = await openWorkshop('x: { source: { files: x.csv } }')
  const row = (day: number, user: number, label: string): string =>
    `2024-01-${String(day).padStart(2, '0')},u${user},${day * user},${label}`
  const header = 'day,user,value,label'
  const train = Array.from({ length: 40 }, (_, at) => row((at % 10) + 1, at, at % 3 === 0 ? 'yes' : 'no'))
  const same = train.slice(0, 3)
  await workshop.write('train.csv', [header, ...train, '2024-01-02,u1,2,yes'])
  const test = [...same, row(10, 4, 'maybe'), row(20, 99, 'no'), row(21, 98, 'yes'), '2024-01-04,u3,12,yes']
  await workshop.write('test.csv', [header, ...test])
  const report = await find(workshop, {
    train: 'train.csv',
    test: 'test.csv',
    label: 'label',
    time: 'day',
    key: ['user'],
  })
  const byKind = new Map(report.leaks.map((leak) => [leak.kind, leak]))
  assert.equal(byKind.get('shared_rows')?.rows, 4)
  assert.equal(byKind.get('shared_keys')?.rows, 5)
  assert.equal(byKind.get('new_labels')?.rows, 1)
  assert.equal(byKind.get('time_order')?.rows, 5)
  assert.match(byKind.get('shared_dates')?.message ?? '', /^5 of 7 days/)
  assert.equal(byKind.get('conflicting_labels')?.rows, 2)
  assert.ok(report.leaks[0]?.severity === 'error' && report.leaks.at(-1)?.severity === 'warning')
})

test('finds nothing between two halves of the same fair rows, and says which column is not there', async () => {
  await using workshop = await openWorkshop('x: { source: { files: x.csv } }')
  const random = createRandom(11)
  const rows = (): string[] =>
    Array.from({ length: 600 }, () => {
      const x = random.normal()
      return `${x},${random.normal()},${x + random.normal() > 0 ? 1 : 0}`
    })
  await workshop.write('train.csv', ['x,noise,y', ...rows()])
  await workshop.write('test.csv', ['x,noise,y', ...rows()])
  assert.deepEqual(kinds(await find(workshop, { train: 'train.csv', test: 'test.csv', label: 'y' })), [])
  await assert.rejects(find(workshop, { train: 'train.csv', label: 'nois' }), /no column "nois"/)
})

test(
  'adult: labels that end with a full stop, and the 26 test rows whose features occur in training',
  { skip },
  async () => {
    await using workshop = await openWorkshop('x: { source: { files: x.csv } }')
    const report = await find(workshop, {
      train: join(samples, 'adult_train.csv'),
      test: join(samples, 'adult_test.csv'),
      label: 'class',
    })
    const labels = report.leaks.find(({ kind }) => kind === 'new_labels')
    assert.match(
      labels?.message ?? '',
      /the same labels, spelled otherwise: "<=50K\." in 12,435 rows \("<=50K" in training\)/,
    )
    assert.deepEqual([labels?.severity, labels?.rows], ['error', 16_281])
    assert.equal(report.leaks.find(({ kind }) => kind === 'shared_features')?.rows, 26)
    assert.equal(report.leaks.find(({ kind }) => kind === 'duplicate_rows')?.rows, 24)
  },
)

test('bikes and taxis: columns that add up to the label, and how often they do', { skip }, async () => {
  await using workshop = await openWorkshop('x: { source: { files: x.csv } }')
  const bikes = await find(workshop, {
    train: join(samples, 'bike_hour.csv'),
    label: 'cnt',
    key: ['instant'],
  })
  assert.match(bikes.leaks[0]?.message ?? '', /^cnt = casual \+ registered in 17,379 of 17,379 rows/)
  const taxi = await find(workshop, {
    train: join(samples, 'taxi/yellow_tripdata_sample_2018-01.csv'),
    label: 'total_amount',
  })
  assert.match(
    taxi.leaks[0]?.message ?? '',
    /^total_amount = fare_amount \+ extra \+ mta_tax \+ tip_amount \+ tolls_amount \+ improvement_surcharge in 9,981 of 10,000/,
  )
})
