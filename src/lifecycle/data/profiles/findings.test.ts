import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { openTables, quoteText, type Tables } from '#platform/tables/index'
import { columnTypeOf } from '../rows/column-type.ts'
import { codesOf, correlationRatio, cramersV, pearson, ranksOf } from './correlate.ts'
import { profileTable } from './profile-table.ts'
import type { ProfiledColumn, VersionProfile } from './version-profile.ts'

const samples = resolve(import.meta.dirname, '../../../../../shared/data')
const skip = existsSync(samples) ? false : `there is no sample data in ${samples}`

let tables: Tables
before(async () => {
  tables = await openTables({
    allowedDirectories: [samples],
    temporaryDirectory: join(tmpdir(), 'devmlops-profile-test'),
  })
})
after(() => tables.close())

async function profileOf(sql: string): Promise<VersionProfile> {
  await tables.run(`CREATE OR REPLACE TEMP TABLE looked_at AS ${sql}`)
  const described = await tables.columns('FROM looked_at')
  const columns = described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type }))
  return profileTable(tables, { relation: 'looked_at', columns })
}

function found({ columns }: VersionProfile, name: string): ProfiledColumn {
  const column = columns.find((one) => one.name === name)
  assert.ok(column)
  return column
}

const kinds = (profile: VersionProfile, name: string): string[] =>
  (found(profile, name).surprises ?? []).map(({ kind }) => kind)

test('correlations are those of SciPy 1.17', () => {
  const x = Float64Array.of(1, 2, 2, 3, 5, 8, 13, 21, 21, 34)
  const y = Float64Array.of(2, 1, 4, 3, 6, 5, 20, 18, 30, 29)
  assert.ok(Math.abs(pearson(x, y) - 0.9237624160789921) < 1e-12)
  assert.ok(Math.abs(pearson(ranksOf(x), ranksOf(y)) - 0.9085534756454652) < 1e-12)
  const c = codesOf(Float64Array.of(0, 0, 1, 1, 2, 2, 0, 1, 2, 0))
  const d = codesOf(Float64Array.of(7, 7, 8, 8, 8, 7, 7, 8, 8, 7))
  // From chi2_contingency without Yates, with the correction of Bergsma (2013).
  assert.ok(Math.abs(cramersV(c, d) - 0.7582875444051551) < 1e-12)
  assert.ok(Math.abs(correlationRatio(c, y) - 0.2119388363570143) < 1e-12)
  assert.ok(
    Number.isNaN(
      pearson(
        x,
        x.map(() => 1),
      ),
    ),
  )
  const holes = x.map((value, row) => (row === 3 ? Number.NaN : value))
  assert.ok(Number.isNaN(ranksOf(holes)[3]) && ranksOf(holes)[9] === 9)
})

test('says what surprises: text that is something else, placeholders, codes, constants', async () => {
  const profile = await profileOf(`SELECT
    CASE WHEN i % 50 = 0 THEN 'NA' ELSE CAST(i % 90 AS VARCHAR) END AS number_text,
    CASE WHEN i % 2 = 0 THEN '2024-01-0' || (i % 9 + 1) ELSE (i % 9 + 1) || '/1/2024' END AS two_dates,
    lpad(CAST(i % 100 AS VARCHAR), 5, '0') AS zip,
    CASE i % 3 WHEN 0 THEN 'Yes' WHEN 1 THEN 'no' ELSE 'yes' END AS answer,
    CASE WHEN i % 100 = 0 THEN 999 ELSE i % 40 END AS reading,
    CASE WHEN i % 100 = 0 THEN -1 ELSE i % 40 END AS count,
    i % 7 + 1 AS product_code,
    'same' AS constant,
    CASE WHEN i = 5 THEN 1 ELSE 0 END AS rare,
    CASE i % 3 WHEN 0 THEN 'New York' WHEN 1 THEN 'new-york' ELSE 'Boston' END AS city,
    'word ' || (i % 90) AS plain,
    i % 97 AS whole
    FROM range(1000) t(i)`)
  assert.deepEqual(kinds(profile, 'number_text'), ['placeholder', 'number_as_text'])
  assert.deepEqual(kinds(profile, 'two_dates'), ['date_as_text', 'mixed_formats'])
  assert.deepEqual(kinds(profile, 'zip'), ['leading_zeros'])
  assert.deepEqual(kinds(profile, 'answer'), ['boolean_as_text', 'spelling_variants'])
  assert.deepEqual(kinds(profile, 'reading'), ['placeholder'])
  assert.deepEqual(kinds(profile, 'count'), ['placeholder'])
  assert.deepEqual(kinds(profile, 'product_code'), ['numeric_code'])
  assert.deepEqual(kinds(profile, 'constant'), ['constant'])
  assert.deepEqual(kinds(profile, 'rare'), ['near_constant'])
  assert.deepEqual(kinds(profile, 'city'), ['spelling_variants'])
  assert.deepEqual([kinds(profile, 'plain'), kinds(profile, 'whole')], [[], []])
  const missing = found(profile, 'number_text').surprises?.[0]
  assert.deepEqual([missing?.rows, missing?.message.includes('"NA"')], [20, true])
})

test('measures texts in characters, not in bytes', async () => {
  const profile = await profileOf(
    `SELECT unnest(['', 'a', 'äö', '日本語', repeat('x', 100), NULL]) AS short, 'n' || unnest(range(6)) AS other`,
  )
  const { lengths } = found(profile, 'short')
  assert.deepEqual([lengths?.min, lengths?.max, lengths?.mean], [0, 100, 106 / 5])
  assert.deepEqual(
    lengths?.histogram.map(({ from, to, count }) => [from, to, count]),
    [
      [0, 0, 1],
      [1, 1, 1],
      [2, 2, 1],
      [3, 3, 1],
      [97, 112, 1],
    ],
  )
})

test('finds keys of one column and of two, and takes no chance for one', async () => {
  const profile = await profileOf(`SELECT i AS id, i // 24 AS day, i % 24 AS hour, hash(i) % 100000 AS random,
    DATE '2020-01-01' + (i // 24)::INTEGER AS date, i / 7.0 AS measured FROM range(20000) t(i)`)
  assert.deepEqual(profile.keys, [
    { columns: ['id'], exact: true },
    { columns: ['day', 'hour'], exact: true },
    { columns: ['hour', 'date'], exact: true },
  ])
  assert.equal(found(profile, 'id').distinct, 20_000)
  const spoilt = await profileOf(
    `SELECT i AS id, i // 24 AS day, i % 24 AS hour FROM range(20000) t(i) UNION ALL SELECT 7, 0, 7`,
  )
  assert.deepEqual(spoilt.keys, [])
})

test('public data: keys, placeholders and relations that its publishers describe', { skip }, async () => {
  const read = (name: string): string => `SELECT * FROM read_csv(${quoteText(join(samples, name))})`
  const bikes = await profileOf(read('bike_hour.csv'))
  assert.deepEqual(bikes.keys, [
    { columns: ['instant'], exact: true },
    { columns: ['dteday', 'hr'], exact: true },
  ])
  const adult = await profileOf(read('adult_train.csv'))
  const strongest = adult.correlations?.find(({ columns }) => columns.join() === 'relationship,sex')
  // On all rows it is 0.6489.
  assert.ok(Math.abs((strongest?.value ?? 0) - 0.6489) < 0.02)
  assert.deepEqual(
    ['workclass', 'capital_gain', 'age'].map((name) => kinds(adult, name)),
    [['placeholder'], ['placeholder'], []],
  )
  const housing = await profileOf(read('housing.csv'))
  const income = housing.correlations?.find(
    ({ columns }) => columns.join() === 'median_income,median_house_value',
  )
  assert.ok(Math.abs((income?.value ?? 0) - 0.688) < 0.02 && Math.abs((income?.spearman ?? 0) - 0.677) < 0.04)
  const taxi = await profileOf(read('taxi/yellow_tripdata_sample_2018-08.csv'))
  assert.ok(
    kinds(taxi, 'rate_code_id').includes('placeholder') && kinds(taxi, 'vendor_id').includes('numeric_code'),
  )
  assert.deepEqual(taxi.keys, [])
})
