import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRandom } from '#platform/random'
import type { CategoryColumn, Frame } from '#platform/tables/frame'
import {
  profileFrame,
  tableProfileSchema,
  type CategoryProfile,
  type NumberProfile,
} from './column-profile.ts'
import { mergeProfiles } from './merge-profiles.ts'

function numbers(values: readonly number[]): Frame {
  return { rows: values.length, columns: { x: { kind: 'number', values: Float64Array.from(values) } } }
}

function categories(values: readonly (string | null)[]): Frame {
  const levels = [...new Set(values.filter((value) => value !== null))]
  const codes = Int32Array.from(values, (value) => (value === null ? -1 : levels.indexOf(value)))
  const column: CategoryColumn = { kind: 'category', codes, levels }
  return { rows: values.length, columns: { x: column } }
}

function numberProfile(frame: Frame, reference?: Frame): NumberProfile {
  const profile = profileFrame(frame, reference && profileFrame(reference)).columns['x']
  assert.ok(profile?.kind === 'number')
  return profile
}

function categoryProfile(frame: Frame, reference?: Frame): CategoryProfile {
  const profile = profileFrame(frame, reference && profileFrame(reference)).columns['x']
  assert.ok(profile?.kind === 'category')
  return profile
}

test('counts missing and infinite numbers apart from the moments of the finite ones', () => {
  const profile = numberProfile(numbers([1, 2, Number.NaN, 3, Infinity, 4, -Infinity]))
  assert.deepEqual([profile.count, profile.missing, profile.infinite], [4, 1, 2])
  assert.deepEqual([profile.mean, profile.m2, profile.min, profile.max], [2.5, 5, 1, 4])
})

test('gives each value its own cell where there are few, as with weekdays', () => {
  const profile = numberProfile(numbers([0, 1, 2, 3, 4, 5, 6, 6]))
  assert.deepEqual(profile.edges, [0, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6])
  assert.deepEqual(profile.counts, [0, 1, 1, 1, 1, 1, 1, 2, 0])
})

test('spreads continuous values over twenty cells of equal share', () => {
  const profile = numberProfile(numbers(Array.from({ length: 10_000 }, (_, i) => ((i * 7919) % 10_000) ** 3)))
  assert.deepEqual(profile.counts, [0, ...Array.from({ length: 20 }, () => 500), 0])
})

test('keeps a value that is most of the column in a cell of its own', () => {
  const profile = numberProfile(numbers([...Array.from({ length: 900 }, () => 0), ...range(1, 100)]))
  assert.equal(profile.counts[1], 900)
  assert.ok((profile.edges[1] as number) > 0 && (profile.edges[1] as number) <= 1)
})

test('counts values outside the reference below its first and above its last edge, and its ends inside', () => {
  const profile = numberProfile(numbers([-1, 0, 99, 100, 1e9]), numbers(range(0, 100)))
  assert.equal(profile.counts[0], 1)
  assert.equal(profile.counts[1], 1)
  assert.equal(profile.counts.at(-2), 1)
  assert.equal(profile.counts.at(-1), 2)
})

test('profiles a constant column and an empty one', () => {
  const constant = numberProfile(numbers([5, 5, 4, 6]), numbers([5, 5]))
  assert.deepEqual(
    [constant.edges, constant.counts],
    [
      [5, 5],
      [1, 2, 1],
    ],
  )
  const empty = numberProfile(numbers([Number.NaN]))
  assert.deepEqual([empty.min, empty.max, empty.edges, empty.counts], [null, null, [], [0]])
})

test('counts categories by name and names the ones that the reference does not have', () => {
  const reference = categories(['a', 'a', 'b', 'c', null])
  assert.deepEqual(categoryProfile(reference).levels, ['a', 'b', 'c'])
  const profile = categoryProfile(categories(['c', 'd', 'd', 'e', null, 'a']), reference)
  assert.deepEqual([profile.counts, profile.missing, profile.distinct], [[1, 0, 1], 1, 4])
  assert.deepEqual(profile.unseen, {
    count: 3,
    levels: [
      { level: 'd', count: 2 },
      { level: 'e', count: 1 },
    ],
  })
})

test('names 256 levels at most, and calls nothing unseen where it cannot know', () => {
  const reference = categories(range(0, 300).map((level) => `level-${level}`))
  assert.deepEqual([categoryProfile(reference).other, categoryProfile(reference).distinct], [44, 300])
  const profile = categoryProfile(categories(['never seen']), reference)
  assert.deepEqual([profile.other, profile.unseen.count], [1, 0])
})

test('merges windows to what one window over all rows would say', () => {
  const random = createRandom(1)
  const draw = (rows: number): Frame => {
    const x = Float64Array.from({ length: rows }, () =>
      random.uniform() < 0.05 ? Number.NaN : random.normal() * 9,
    )
    const codes = Int32Array.from({ length: rows }, () => random.below(6) - 1)
    const levels = ['a', 'b', 'c', 'd', 'e']
    return { rows, columns: { x: { kind: 'number', values: x }, y: { kind: 'category', codes, levels } } }
  }
  const reference = profileFrame(categoriesBelow(draw(500), 3))
  const parts = [draw(300), draw(1), draw(0), draw(700)]
  const merged = parts.map((part) => profileFrame(part, reference)).reduce(mergeProfiles)
  const whole = profileFrame(joined(parts), reference)
  assert.deepEqual(rounded(merged), rounded(whole))
})

test('refuses to merge profiles of different references, and a column that changed its kind', () => {
  const a = profileFrame(numbers([1, 2, 3]))
  assert.throws(
    () => mergeProfiles(a, profileFrame(numbers([4, 5, 6]))),
    /"x" were counted on different references/,
  )
  assert.throws(() => profileFrame(categories(['a']), a), /"x" is category here and number in the reference/)
})

test('skips columns that the reference does not have', () => {
  const reference = profileFrame(numbers([1, 2]))
  const frame: Frame = { rows: 1, columns: { other: { kind: 'number', values: Float64Array.of(1) } } }
  assert.deepEqual(profileFrame(frame, reference), { rows: 1, columns: {} })
})

test('survives being stored as JSON', () => {
  const profile = profileFrame(numbers([1, Number.NaN, Infinity, -3.25]))
  assert.deepEqual(tableProfileSchema.parse(JSON.parse(JSON.stringify(profile))), profile)
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

/** The same frame with the categories from `limit` on made missing, so that a window can bring new ones. */
function categoriesBelow(frame: Frame, limit: number): Frame {
  const y = frame.columns['y'] as CategoryColumn
  return {
    ...frame,
    columns: { ...frame.columns, y: { ...y, codes: y.codes.map((code) => (code < limit ? code : -1)) } },
  }
}

function joined(parts: readonly Frame[]): Frame {
  const x = Float64Array.from(
    parts.flatMap((part) => [...(part.columns['x'] as { values: Float64Array }).values]),
  )
  const codes = Int32Array.from(parts.flatMap((part) => [...(part.columns['y'] as CategoryColumn).codes]))
  const { levels } = parts[0]!.columns['y'] as CategoryColumn
  return {
    rows: x.length,
    columns: { x: { kind: 'number', values: x }, y: { kind: 'category', codes, levels } },
  }
}

/** Moments to ten digits: the order of additions differs between one window and many. */
function rounded(profile: object): unknown {
  return JSON.parse(
    JSON.stringify(profile, (_, value) =>
      typeof value === 'number' ? Number(value.toPrecision(10)) : value,
    ),
  )
}
