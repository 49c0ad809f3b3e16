import { fail } from '#contract/errors'
import {
  mostFrequent,
  type CategoryProfile,
  type ColumnProfile,
  type LevelCount,
  type NumberProfile,
  type TableProfile,
} from './column-profile.ts'

/**
 * The profile of both sets of rows together. Counts are exact; mean and m2 follow Chan, Golub & LeVeque (1979).
 * @throws invalid_input when the two were not counted on the edges and levels of the same reference.
 */
export function mergeProfiles(a: TableProfile, b: TableProfile): TableProfile {
  const columns: Record<string, ColumnProfile> = { ...b.columns }
  for (const [name, left] of Object.entries(a.columns)) {
    const right = b.columns[name]
    columns[name] = right === undefined ? left : mergeColumn(name, left, right)
  }
  return { rows: a.rows + b.rows, columns }
}

function mergeColumn(name: string, a: ColumnProfile, b: ColumnProfile): ColumnProfile {
  if (a.kind === 'number' && b.kind === 'number' && sameItems(a.edges, b.edges)) return mergeNumbers(a, b)
  if (a.kind === 'category' && b.kind === 'category' && sameItems(a.levels, b.levels))
    return mergeCategories(a, b)
  return fail('invalid_input', `Profiles of column "${name}" were counted on different references`, {
    hint: 'Profile both with the same reference before merging them.',
    at: name,
  })
}

export function mergeNumbers(a: NumberProfile, b: NumberProfile): NumberProfile {
  const total = a.count + b.count
  const delta = b.mean - a.mean
  const weight = total === 0 ? 0 : b.count / total
  return {
    kind: 'number',
    count: total,
    missing: a.missing + b.missing,
    infinite: a.infinite + b.infinite,
    mean: a.mean + delta * weight,
    m2: a.m2 + b.m2 + delta * delta * a.count * weight,
    min: a.min === null || b.min === null ? (a.min ?? b.min) : Math.min(a.min, b.min),
    max: a.max === null || b.max === null ? (a.max ?? b.max) : Math.max(a.max, b.max),
    edges: a.edges,
    counts: addCounts(a.counts, b.counts),
  }
}

export function mergeCategories(a: CategoryProfile, b: CategoryProfile): CategoryProfile {
  const counts = addCounts(a.counts, b.counts)
  const unseen = mergeUnseen(a.unseen.levels, b.unseen.levels)
  const seen = counts.filter((found) => found > 0).length + unseen.length
  return {
    kind: 'category',
    count: a.count + b.count,
    missing: a.missing + b.missing,
    levels: a.levels,
    counts,
    other: a.other + b.other,
    distinct: Math.max(a.distinct, b.distinct, seen),
    unseen: { count: a.unseen.count + b.unseen.count, levels: unseen },
  }
}

function mergeUnseen(a: readonly LevelCount[], b: readonly LevelCount[]): LevelCount[] {
  const totals = new Map(a.map((entry) => [entry.level, entry.count]))
  for (const { level, count: found } of b) totals.set(level, (totals.get(level) ?? 0) + found)
  return mostFrequent([...totals].map(([level, found]) => ({ level, count: found })))
}

function addCounts(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value + (b[index] ?? 0))
}

export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
