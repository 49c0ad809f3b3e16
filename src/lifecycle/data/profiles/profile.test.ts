import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openTables } from '#platform/tables/index'
import type { NumberProfile } from './column-profile.ts'
import { columnTypeOf } from '../rows/column-type.ts'
import { columnDiffs } from '../diff/diff.ts'
import { countsBetween, distributionDistance } from '../diff/distribution-distance.ts'
import { sharedRange, sparkline } from './histogram-text.ts'
import { profileTable } from './profile-table.ts'
import { versionProfileSchema, type ProfiledColumn, type VersionProfile } from './version-profile.ts'

async function profileOf(sql: string, earlier?: VersionProfile): Promise<VersionProfile> {
  const tables = await openTables({
    allowedDirectories: [],
    temporaryDirectory: join(tmpdir(), 'devmlops-profile-test'),
  })
  try {
    const described = await tables.columns(sql)
    const columns = described.map(({ name, type }) => ({ name, type: columnTypeOf(type), sqlType: type }))
    await tables.run(`CREATE TEMP TABLE rows AS ${sql}`)
    const profile = await profileTable(tables, { relation: 'rows', columns, earlier })
    return versionProfileSchema.parse(JSON.parse(JSON.stringify(profile)))
  } finally {
    tables.close()
  }
}

function column(profile: VersionProfile, name = 'x'): ProfiledColumn {
  const found = profile.columns.find((one) => one.name === name)
  assert.ok(found)
  return found
}

function numbers(found: ProfiledColumn): NumberProfile {
  assert.equal(found.values.kind, 'number')
  return found.values
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

test('gives the moments and quantiles that everybody computes', async () => {
  const profile = column(await profileOf('SELECT i AS x FROM range(1, 101) t(i)'))
  const { count, mean, m2, min, max } = numbers(profile)
  // 1 to 100: mean 50.5, population variance (n² - 1) / 12.
  assert.deepEqual([count, mean, min, max], [100, 50.5, 1, 100])
  assert.ok(Math.abs(m2 / count - (100 ** 2 - 1) / 12) < 1e-9)
  assert.deepEqual(profile.quantiles, [1, 5, 25, 50, 75, 95, 99])
  assert.equal(profile.distinct, 100)
})

test('keeps NaN and infinity apart from missing and from the moments', async () => {
  const profile = column(
    await profileOf(
      "SELECT * FROM (VALUES (1.0::DOUBLE), (3), (NULL), ('nan'), ('inf'), ('-inf'), (1e300), (-1e300)) t(x)",
    ),
  )
  const { count, missing, infinite, min } = numbers(profile)
  assert.deepEqual([count, missing, infinite, profile.notANumber, min], [4, 2, 2, 1, -1e300])
})

test('counts every value in exactly one cell, few or many, whatever their type', async () => {
  const sql = `SELECT i % 7 AS few, i AS many, i / 7.0 AS real, i % 3 = 0 AS truth, DATE '2020-01-01' + i::INTEGER AS day,
    TIMESTAMP '2020-01-01' + INTERVAL (i) SECOND AS second, 5 AS constant FROM range(30000) t(i)`
  const profile = await profileOf(sql)
  for (const one of profile.columns) {
    const { edges, counts, count } = numbers(one)
    assert.equal(counts.length, edges.length + 1, one.name)
    assert.equal(total(counts), count, one.name)
    assert.deepEqual([counts[0], counts.at(-1)], [0, 0], one.name)
  }
  assert.equal(numbers(column(profile, 'few')).counts.length, 9)
  const shares = numbers(column(profile, 'many')).counts.slice(1, -1)
  assert.equal(shares.length, 20)
  assert.ok(Math.max(...shares) <= 1501 && Math.min(...shares) >= 1499)
})

test('names the most frequent texts and puts the others together', async () => {
  const { values, frequent, distinct } = column(
    await profileOf(
      "SELECT 'level ' || (sqrt(i)::INTEGER) AS x FROM range(100000) t(i) UNION ALL SELECT NULL",
    ),
  )
  assert.ok(values.kind === 'category')
  assert.equal(values.levels.length, 256)
  assert.equal(total(values.counts) + values.other, 100_000)
  assert.equal(values.missing, 1)
  assert.equal(frequent[0]?.level, 'level 315')
  assert.ok(Math.abs(distinct - 317) < 20)
})

test('counts the next version in the cells of the one before while they fit', async () => {
  const first = await profileOf('SELECT i AS x FROM range(100000) t(i)')
  const near = await profileOf('SELECT i * 0.99 + 500 AS x FROM range(100000) t(i)', first)
  assert.notDeepEqual(numbers(column(near)).edges, numbers(column(first)).edges, 'another type starts anew')
  const grown = await profileOf('SELECT i AS x FROM range(104000) t(i)', first)
  assert.deepEqual(numbers(column(grown)).edges, numbers(column(first)).edges)
  assert.equal(numbers(column(grown)).counts.at(-1), 4000)
  assert.equal(total(numbers(column(grown)).counts), 104_000)
  const far = await profileOf('SELECT i + 50000 AS x FROM range(100000) t(i)', first)
  assert.notDeepEqual(numbers(column(far)).edges, numbers(column(first)).edges)
})

test('measures distance as the formulas say: two coins', async () => {
  const coin = (heads: number) =>
    profileOf(`SELECT CASE WHEN i < ${heads} THEN 'heads' ELSE 'tails' END AS x FROM range(100) t(i)`)
  const distance = distributionDistance(column(await coin(50)), column(await coin(80)))
  // (0.8 - 0.5) ln(0.8 / 0.5) + (0.2 - 0.5) ln(0.2 / 0.5)
  assert.ok(Math.abs((distance?.psi ?? 0) - 0.415888) < 1e-6)
  // scipy.spatial.distance.jensenshannon([0.5, 0.5], [0.8, 0.2], base=2)
  assert.ok(Math.abs((distance?.jensenShannon ?? 0) - 0.270378) < 1e-5)
  assert.equal(distance?.exact, true)
})

test('is zero for the same values, small for a sample of them, and one for nothing in common', async () => {
  const whole = column(await profileOf('SELECT (i * 7919) % 10007 AS x FROM range(10007) t(i)'))
  const part = column(await profileOf('SELECT (i * 7919) % 10007 AS x FROM range(4000) t(i)'))
  const other = column(await profileOf('SELECT i + 1000000 AS x FROM range(10007) t(i)'))
  assert.equal(distributionDistance(whole, whole)?.psi, 0)
  const sampled = distributionDistance(whole, part)
  assert.equal(sampled?.exact, false)
  assert.ok((sampled?.psi ?? 1) < 0.02)
  assert.ok((distributionDistance(whole, other)?.jensenShannon ?? 0) > 0.9)
})

test('spreads the mass of a cell evenly when it is cut, and keeps all of it', () => {
  const profile: NumberProfile = {
    kind: 'number',
    count: 30,
    missing: 0,
    infinite: 0,
    mean: 0,
    m2: 0,
    min: 0,
    max: 20,
    edges: [0, 10, 20],
    counts: [0, 10, 20, 0],
  }
  assert.deepEqual(countsBetween(profile, [5, 15]), [5, 15, 10])
  assert.deepEqual(countsBetween(profile, [-5, 30]), [0, 30, 0])
  const constant = { ...profile, min: 5, max: 5, edges: [5, 5], counts: [0, 30, 0] }
  assert.deepEqual(countsBetween(constant, [4, 6]), [0, 30, 0])
})

test('orders columns by what changed most, time last', async () => {
  const before = await profileOf(
    "SELECT i AS t, i % 10 AS same, i % 5 AS moved, 'a' AS gone FROM range(1000) t(i)",
  )
  const after = await profileOf(
    "SELECT i + 9999 AS t, i % 10 AS same, i % 5 + 3 AS moved, nullif('a', 'a') AS gone FROM range(1000) t(i)",
  )
  const diffs = columnDiffs(before, after, 't')
  assert.deepEqual(
    diffs.map(({ column }) => column),
    ['gone', 'moved', 'same', 't'],
  )
  assert.deepEqual(diffs[0]?.missing, { from: 0, to: 1 })
  assert.equal(diffs.at(-1)?.psi, null)
})

test('draws where the values are, not how far the outliers lie', async () => {
  const profile = column(
    await profileOf(
      'SELECT CASE WHEN i = 0 THEN 1e9 ELSE (i % 100) * (i % 100) END AS x FROM range(10000) t(i)',
    ),
  )
  const range = sharedRange([profile])
  assert.ok(range !== undefined && range.high < 10_000)
  const line = sparkline(numbers(profile), range)
  assert.equal(line.length, 16)
  assert.equal(line[0], '█')
  assert.notEqual(line.at(-1), '█')
})
