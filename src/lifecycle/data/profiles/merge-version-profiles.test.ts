import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { createRandom } from '#platform/random'
import { openTables, type Tables } from '#platform/tables/index'
import { columnTypeOf } from '../rows/column-type.ts'
import { mergeVersionProfiles } from './merge-version-profiles.ts'
import {
  mergeNumberSketches,
  sketchError,
  sketchOfCounts,
  sketchQuantiles,
  type NumberSketch,
} from './number-sketch.ts'
import { profileTable } from './profile-table.ts'
import { storedProfileSchema, type StoredProfile } from './stored-profile.ts'
import { versionProfileSchema } from './version-profile.ts'

let tables: Tables
before(async () => {
  tables = await openTables({
    allowedDirectories: [],
    temporaryDirectory: join(tmpdir(), 'devmlops-profile-test'),
  })
})
after(() => tables.close())

async function profileOf(relation: string): Promise<StoredProfile> {
  const described = await tables.columns(`SELECT * FROM ${relation}`)
  const columns = described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type }))
  const profile = await profileTable(tables, { relation, columns })
  return storedProfileSchema.parse(JSON.parse(JSON.stringify(profile)))
}

const wide = `SELECT i, i % 31 AS day, hash(i) % 100000 / 7.0 AS amount, -ln((hash(i + 1) % 1000000 + 1) / 1e6) AS tail,
  CASE WHEN hash(i + 2) % 10 > 0 THEN (hash(i + 2) % 5000)::DOUBLE - 2500 END AS holes,
  'level ' || hash(i + 3) % 40 AS category, 'user ' || hash(i) % 30000 AS id,
  TIMESTAMP '2020-01-01' + INTERVAL (i * 37) SECOND AS at, DATE '2020-01-01' + (hash(i + 4) % 900)::INTEGER AS date,
  i * 2.0 + hash(i + 5) % 20000 AS follows FROM range(50000) t(i)`

test('a month is the sum of its days: exactly where that is promised, within the stated error elsewhere', async () => {
  await tables.run(`CREATE OR REPLACE TEMP TABLE month AS ${wide}`)
  const whole = await profileOf('month')
  const days: StoredProfile[] = []
  for (let day = 0; day < 31; day++) days.push(await profileOf(`(SELECT * FROM month WHERE day = ${day})`))
  const sum = days.reduce(mergeVersionProfiles)
  const backwards = days.reduceRight((merged, day) => mergeVersionProfiles(day, merged))
  assert.deepEqual(sum.sketches, whole.sketches)
  assert.deepEqual(backwards.sketches, whole.sketches)
  assert.equal(sum.rows, 50_000)
  for (const [at, exact] of whole.columns.entries()) {
    const merged = sum.columns[at]
    assert.ok(merged !== undefined && merged.name === exact.name)
    assert.deepEqual([merged.values.count, merged.values.missing], [exact.values.count, exact.values.missing])
    const near = exact.distinct <= 1024 ? 0 : 5 / Math.sqrt(1022)
    assert.ok(
      Math.abs(merged.distinct / exact.distinct - 1) <= near,
      `${exact.name}: ${merged.distinct} for ${exact.distinct}`,
    )
    if (merged.values.kind === 'category' || exact.values.kind === 'category') {
      assert.equal(merged.lengths?.mean.toFixed(9), exact.lengths?.mean.toFixed(9))
      assert.deepEqual(merged.lengths?.histogram, exact.lengths?.histogram)
      if (exact.name === 'category') assert.deepEqual(merged.values, exact.values)
      continue
    }
    const { mean, m2, min, max, counts } = merged.values
    assert.deepEqual([min, max], [exact.values.min, exact.values.max])
    assert.equal(
      counts.reduce((total, count) => total + count, 0),
      exact.values.count,
    )
    assert.ok(Math.abs(mean - exact.values.mean) <= 1e-9 * (1 + Math.abs(mean)), exact.name)
    assert.ok(Math.abs(m2 / exact.values.m2 - 1) < 1e-9, exact.name)
  }
  const pair = (profile: StoredProfile): number | undefined =>
    profile.correlations?.find(({ columns }) => columns.join() === 'i,follows')?.value
  assert.ok(Math.abs((pair(sum) ?? 0) - (pair(whole) ?? 1)) < 0.02, `${pair(sum)} for ${pair(whole)}`)
})

test('merging is associative and commutative, bit for bit in the sketches', async () => {
  await tables.run(`CREATE OR REPLACE TEMP TABLE month AS ${wide}`)
  const threeDays = (day: number): Promise<StoredProfile> =>
    profileOf(`(SELECT * FROM month WHERE day BETWEEN ${day} AND ${day + 3})`)
  const a = await threeDays(0)
  const b = await threeDays(7)
  const c = await threeDays(19)
  const left = mergeVersionProfiles(mergeVersionProfiles(a, b), c)
  const right = mergeVersionProfiles(a, mergeVersionProfiles(b, c))
  assert.deepEqual(left.sketches, right.sketches)
  assert.deepEqual(left.sketches, mergeVersionProfiles(c, mergeVersionProfiles(b, a)).sketches)
  assert.deepEqual(
    left.columns.map(({ distinct, quantiles }) => [distinct, quantiles]),
    right.columns.map(({ distinct, quantiles }) => [distinct, quantiles]),
  )
})

const random = createRandom(7)
const normal = (): number => random.normal()
const distributions: readonly (readonly [string, () => number])[] = [
  ['uniform', () => random.uniform()],
  ['normal', () => normal() * 3 + 1],
  ['far from zero', () => 1e6 + normal()],
  ['log-normal', () => Math.exp(normal() * 4)],
  ['Cauchy', () => Math.tan(Math.PI * (random.uniform() - 0.5))],
  ['exponential', () => -Math.log(1 - random.uniform())],
  ['Pareto 0.5', () => (1 - random.uniform()) ** -2],
  ['mostly zero', () => (random.uniform() < 0.9 ? 0 : normal())],
  ['integers', () => random.below(100)],
  ['large integers', () => random.below(2 ** 31) * 1000],
  ['two heaps', () => (random.uniform() < 0.5 ? -1e9 : 1e-9) * (1 + random.uniform())],
  ['one outlier', () => (random.uniform() < 1e-4 ? 1e8 : normal())],
  ['the smallest and the largest', () => (random.uniform() < 0.5 ? 5e-324 : 1.7e308) * random.uniform()],
]

test('quantiles of a sketch are within its stated error, and that is small, on thirteen distributions', () => {
  const shares = [0.001, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1]
  for (const [name, draw] of distributions) {
    const parts = Array.from({ length: 6 }, () => Array.from({ length: 4000 }, draw))
    const all = Float64Array.from(parts.flat()).sort()
    const whole = sketched([...all])
    const merged = parts.map((part) => sketched(part)).reduce(joined)
    assert.deepEqual(merged, whole, name)
    const error = sketchError(whole)
    // Bins of equal ratio: what the spread of magnitudes allows with a thousand of them.
    assert.ok(error < (name.startsWith('the smallest') ? 1.5 : 0.06), `${name}: ${error}`)
    const found = sketchQuantiles(whole, shares)
    for (const [at, share] of shares.entries()) {
      const exact = all[Math.max(0, Math.ceil(share * all.length) - 1)] as number
      const off = Math.abs((found?.[at] as number) - exact)
      assert.ok(
        off <= error * Math.abs(exact) * (1 + 1e-9) + 5e-324,
        `${name} at ${share}: ${found?.[at]} for ${exact}`,
      )
    }
  }
})

function sketched(values: readonly number[]): NumberSketch {
  return sketchOfCounts(
    values.map((value) => ({ value, count: 1 })),
    'logarithm',
  )
}

function joined(a: NumberSketch, b: NumberSketch): NumberSketch {
  const both = mergeNumberSketchesOrFail(a, b)
  assert.ok(both.positive.indexes.length + both.negative.indexes.length <= 1024)
  return both
}

function mergeNumberSketchesOrFail(a: NumberSketch, b: NumberSketch): NumberSketch {
  const merged = mergeNumberSketches(a, b)
  assert.ok(merged !== undefined)
  return merged
}

test('a profile of an older version still parses, merges in what it has, and says nothing about the rest', () => {
  const old = {
    rows: 3,
    columns: [
      {
        name: 'x',
        type: 'integer',
        distinct: 3,
        notANumber: 0,
        quantiles: [1, 1, 1, 2, 3, 3, 3],
        frequent: [{ level: '1', count: 1 }],
        values: {
          kind: 'number',
          count: 3,
          missing: 0,
          infinite: 0,
          mean: 2,
          m2: 2,
          min: 1,
          max: 3,
          edges: [1, 3],
          counts: [0, 3, 0],
        },
      },
    ],
  }
  const parsed = storedProfileSchema.parse(old)
  assert.deepEqual(versionProfileSchema.parse(old), parsed)
  const [column] = mergeVersionProfiles(parsed, parsed).columns
  assert.deepEqual([column?.quantiles, column?.values.count, column?.distinct], [null, 6, 3])
})
