import assert from 'node:assert/strict'
import { test } from 'node:test'
import { profileFrame } from '#lifecycle/data/index'
import { createRandom, type Random } from '#platform/random'
import type { Column, Frame } from '#platform/tables/frame'
import type { ColumnDrift } from './findings.ts'
import { driftSettingsSchema, type DriftSettings } from './settings.ts'
import { judgeDrift } from './drift.ts'

const settings: DriftSettings = driftSettingsSchema.parse({})

function frameOf(columns: Readonly<Record<string, Column>>): Frame {
  const [first] = Object.values(columns)
  const rows = first === undefined ? 0 : first.kind === 'number' ? first.values.length : first.codes.length
  return { rows, columns }
}

function numbers(values: ArrayLike<number>): Column {
  return { kind: 'number', values: Float64Array.from(values) }
}

function draw(rows: number, value: (row: number) => number): Column {
  return numbers(Array.from({ length: rows }, (_, row) => value(row)))
}

function judge(reference: Frame, window: Frame, changed: Partial<DriftSettings> = {}): ColumnDrift[] {
  const profile = profileFrame(reference)
  return judgeDrift({
    reference: profile,
    window: profileFrame(window, profile),
    settings: { ...settings, ...changed },
  })
}

function judgeColumn(reference: Column, window: Column, changed: Partial<DriftSettings> = {}): ColumnDrift {
  const [drift] = judge(frameOf({ x: reference }), frameOf({ x: window }), changed)
  assert.ok(drift)
  return drift
}

/** Six columns as a model may have them, and a score. */
function ordinaryRows(rows: number, random: Random): Frame {
  const levels = Array.from({ length: 300 }, (_, level) => `airport-${level}`)
  const airports = Int32Array.from({ length: rows }, () => Math.floor(300 * random.uniform() ** 3))
  return frameOf({
    normal: draw(rows, () => random.normal()),
    skewed: draw(rows, () => Math.exp(2 * random.normal())),
    weekday: draw(rows, () => random.below(7)),
    mostlyZero: draw(rows, () => (random.uniform() < 0.8 ? 0 : random.uniform())),
    sparse: draw(rows, () => (random.uniform() < 0.1 ? Number.NaN : random.uniform())),
    airport: { kind: 'category', codes: airports, levels },
  })
}

test('stays silent over 500 windows without drift, however sensitive the effect', () => {
  const random = createRandom(11)
  const reference = profileFrame(ordinaryRows(20_000, random))
  let alarms = 0
  let significant = 0
  for (let index = 0; index < 500; index++) {
    const window = profileFrame(ordinaryRows(1000, random), reference)
    if (judgeDrift({ reference, window, settings }).some((column) => column.drifted)) alarms++
    const anyEffect = {
      ...settings,
      threshold: 1e-9,
      missing: 1e-9,
      new_categories: 1e-9,
      out_of_range: 1e-9,
    }
    if (judgeDrift({ reference, window, settings: anyEffect }).some((column) => column.drifted)) significant++
  }
  assert.equal(alarms, 0)
  // With no threshold at all, alpha = 0.01 alone allows 5 windows of 500; 13 or more have a chance below 0.002.
  assert.ok(significant <= 12, `${significant} windows were significant`)
})

test('does not mistake hundreds of categories in a small window for drift', () => {
  const random = createRandom(5)
  const levels = Array.from({ length: 250 }, (_, level) => `level-${level}`)
  const column = (rows: number): Column => ({
    kind: 'category',
    codes: Int32Array.from({ length: rows }, () => random.below(250)),
    levels,
  })
  const drift = judgeColumn(column(50_000), column(1500))
  assert.equal(drift.drifted, false)
  assert.ok((drift.psi as number) < 0.05, `PSI ${drift.psi}; uncorrected it would be about 0.17`)
})

test('recognises miles that became kilometres and says how', () => {
  const random = createRandom(2)
  const miles = (rows: number, scale = 1): Column =>
    draw(rows, () => scale * Math.min(2500, 100 + Math.exp(6 + 0.7 * random.normal())))
  const drift = judgeColumn(miles(50_000), miles(2000, 1.609344))
  assert.equal(drift.drifted, true)
  assert.match(drift.reason, /mean .* against .* in the reference, 1\.6\d* times/)
  assert.match(drift.reason, /× 1\.609 reproduces .* change of unit \(miles → kilometres\)/)
  assert.match(drift.reason, /threshold 0\.1, adjusted p < 0\.001/)
})

test('recognises seconds that became milliseconds, and Celsius that became Fahrenheit', () => {
  const random = createRandom(3)
  const seconds = (rows: number, scale: number): Column =>
    draw(rows, () => -Math.log(1 - random.uniform()) * scale)
  assert.match(judgeColumn(seconds(20_000, 1), seconds(2000, 1000)).reason, /milliseconds/)
  const celsius = (rows: number): number[] => Array.from({ length: rows }, () => 15 + 6 * random.normal())
  const fahrenheit = celsius(2000).map((value) => value * 1.8 + 32)
  assert.match(judgeColumn(numbers(celsius(20_000)), numbers(fahrenheit)).reason, /× 1\.8 \+ 32 .*Fahrenheit/)
})

test('names no unit where the distribution changed in another way', () => {
  const random = createRandom(4)
  const drift = judgeColumn(
    draw(20_000, () => 10 + random.normal()),
    draw(2000, () => 16.09 + 5 * random.normal()),
  )
  assert.equal(drift.drifted, true)
  assert.doesNotMatch(drift.reason, /unit/)
})

test('takes a jump of missing and infinite values for drift of its own', () => {
  const random = createRandom(6)
  const some = (missing: number): Column =>
    draw(4000, (row) => (random.uniform() < missing ? (row % 2 ? Number.NaN : Infinity) : random.normal()))
  const drift = judgeColumn(some(0.01), some(0.15))
  assert.deepEqual(
    drift.checks.filter((check) => check.breached).map((check) => check.check),
    ['missing'],
  )
  assert.match(drift.reason, /1[456](\.\d)? % of the values are missing against/)
  assert.equal(judgeColumn(some(0.01), some(0.012)).drifted, false)
})

test('judges the missing values of a column that has nothing else left', () => {
  const random = createRandom(7)
  const drift = judgeColumn(
    draw(5000, () => random.normal()),
    draw(2000, () => Number.NaN),
  )
  assert.equal(drift.drifted, true)
  assert.match(drift.reason, /100 % of the values are missing/)
})

test('names new categories', () => {
  const levels = ['a', 'b', 'brand new']
  const column = (rows: number, fresh: number): Column => {
    return {
      kind: 'category',
      codes: Int32Array.from({ length: rows }, (_, row) => (row < fresh ? 2 : row % 2)),
      levels,
    }
  }
  const drift = judgeColumn(column(10_000, 0), column(2000, 60))
  assert.equal(drift.drifted, true)
  assert.match(
    drift.reason,
    /3 % of the values are in categories that the reference does not have: "brand new"/,
  )
  assert.equal(judgeColumn(column(10_000, 0), column(2000, 3)).drifted, false)
})

test('notices values outside the range of a constant, and of a small reference only beyond chance', () => {
  const constant = draw(2000, () => 5)
  assert.match(
    judgeColumn(
      constant,
      draw(2000, (row) => (row < 100 ? 6 : 5)),
    ).reason,
    /5 % of the values are above the range/,
  )
  const random = createRandom(8)
  const normal = (rows: number, shift = 0): Column => draw(rows, () => random.normal() + shift)
  assert.equal(judgeColumn(normal(600), normal(2000)).drifted, false)
})

test('finds weekdays that stopped coming and names them', () => {
  const drift = judgeColumn(
    draw(7000, (row) => row % 7),
    draw(1800, (row) => row % 6),
  )
  assert.equal(drift.drifted, true)
  assert.match(drift.reason, /; 6 is 0 % of the values against 14\.3 %/)
})

test('does not judge a window that is too small, and says so', () => {
  const random = createRandom(9)
  const drift = judgeColumn(
    draw(5000, () => random.normal()),
    draw(499, () => 9 + random.normal()),
  )
  assert.deepEqual([drift.verdict, drift.drifted], ['unknown', false])
  assert.match(drift.reason, /not judged on 499 rows: at least 500 are needed/)
})

test('needs effect and significance both', () => {
  const random = createRandom(10)
  const shifted = (rows: number, mean: number): Column => draw(rows, () => mean + random.normal())
  const trifle = judgeColumn(shifted(100_000, 0), shifted(100_000, 0.05))
  assert.ok(trifle.checks[0]!.adjustedPValue < 1e-6)
  assert.match(trifle.reason, /is below the threshold of 0\.1/)
  assert.equal(judgeColumn(shifted(100_000, 0), shifted(1000, 0.6)).drifted, true)
})

test('watches the columns that it was told to, by the statistic that it was told', () => {
  const random = createRandom(12)
  const columns = judge(ordinaryRows(2000, random), ordinaryRows(800, random), {
    columns: ['normal', 'weekday', 'airport'],
    ignore: ['weekday'],
    statistic: 'jensen_shannon',
  })
  assert.deepEqual(
    columns.map((column) => [column.column, column.checks[0]!.statistic]),
    [
      ['normal', 'jensen_shannon'],
      ['airport', 'jensen_shannon'],
    ],
  )
})

test('says that a column is not there', () => {
  const random = createRandom(13)
  const [drift] = judge(ordinaryRows(600, random), frameOf({ other: draw(600, () => 1) }))
  assert.deepEqual([drift!.verdict, drift!.reason], ['unknown', 'the window has no such column'])
})
