import type { CategoryProfile, LevelCount, NumberProfile } from './column-profile.ts'
import { namedLevels } from './count-values.ts'
import { estimateDistinct, mergeDistinctSketches } from './distinct-sketch.ts'
import { mergeCategories, mergeNumbers, sameItems } from './merge-profiles.ts'
import { cellsOfSketch } from './number-cells.ts'
import { mergeNumberSketches, sketchError, sketchQuantiles } from './number-sketch.ts'
import type { StoredProfile } from './stored-profile.ts'
import { mergeTextLengths } from './text-lengths.ts'
import { quantileShares, type Correlation, type ProfiledColumn } from './version-profile.ts'

type ColumnSketch = NonNullable<StoredProfile['sketches']>[string]

/**
 * The profile of the rows of both, so that a month is the sum of its days without reading a row again.
 *
 * Exact: rows, missing, NaN, count, mean, m2, min, max, text lengths, histograms on the same edges, levels where both name all
 * of theirs, and the sketches themselves, whatever the order of merging. Estimated from the sketches: distinct values beyond
 * 1,024 (standard error 3 %) and quantiles (`quantileError`). Left out, since only rows can tell: rank correlations and those
 * of categories, keys of two columns, and surprises of which one side knows nothing. A column that one side lacks, or has in
 * another type, is missing there in every row, or left out.
 */
export function mergeVersionProfiles(a: StoredProfile, b: StoredProfile): StoredProfile {
  const rows = a.rows + b.rows
  if (a.rows === 0) return b
  if (b.rows === 0) return a
  const right = new Map(b.columns.map((column) => [column.name, column]))
  const merged = a.columns.flatMap((column): MergedColumn[] => {
    const other = right.get(column.name)
    if (other === undefined || other.type !== column.type) return []
    return [
      mergeColumn(
        { column, sketch: a.sketches?.[column.name] },
        { column: other, sketch: b.sketches?.[column.name] },
      ),
    ]
  })
  return {
    rows,
    columns: merged.map(({ column }) => column),
    correlations: mergeCorrelations(a, b),
    sketches: Object.fromEntries(
      merged.flatMap(({ column, sketch }) => (sketch === undefined ? [] : [[column.name, sketch]])),
    ),
  }
}

interface MergedColumn {
  readonly column: ProfiledColumn
  readonly sketch: ColumnSketch | undefined
}

function mergeColumn(a: MergedColumn, b: MergedColumn): MergedColumn {
  const sketch = mergeSketches(a.sketch, b.sketch)
  const values =
    a.column.values.kind === 'number'
      ? mergeNumberColumns(a.column.values, b.column.values as NumberProfile, sketch)
      : mergeLevels(a.column.values, b.column.values as CategoryProfile, sketch)
  const quantiles = sketch?.numbers === undefined ? null : sketchQuantiles(sketch.numbers, quantileShares)
  const distinct =
    sketch === undefined
      ? Math.max(a.column.distinct, b.column.distinct)
      : estimateDistinct(sketch.distinct).distinct
  const lengths = mergeTextLengths(lengthsOf(a.column), lengthsOf(b.column))
  return {
    sketch,
    column: {
      name: a.column.name,
      type: a.column.type,
      distinct: Math.max(distinct, a.column.distinct, b.column.distinct),
      notANumber: a.column.notANumber + b.column.notANumber,
      quantiles,
      ...(sketch?.numbers === undefined || quantiles === null
        ? {}
        : { quantileError: sketchError(sketch.numbers) }),
      frequent: mergeFrequent(a.column.frequent, b.column.frequent),
      ...(lengths === undefined ? {} : { lengths }),
      values,
    },
  }
}

function lengthsOf({ lengths, values }: ProfiledColumn): {
  lengths: ProfiledColumn['lengths']
  count: number
} {
  return { lengths, count: values.count }
}

function mergeSketches(a: ColumnSketch | undefined, b: ColumnSketch | undefined): ColumnSketch | undefined {
  if (a === undefined || b === undefined) return undefined
  const distinct = mergeDistinctSketches(a.distinct, b.distinct)
  if (distinct === undefined) return undefined
  const numbers =
    a.numbers === undefined || b.numbers === undefined ? undefined : mergeNumberSketches(a.numbers, b.numbers)
  return numbers === undefined ? { distinct } : { distinct, numbers }
}

/** Sums the cells where both have the same ones; otherwise cuts new ones from the sketch, each a row of whole bins. */
function mergeNumberColumns(
  a: NumberProfile,
  b: NumberProfile,
  sketch: ColumnSketch | undefined,
): NumberProfile {
  const sum = mergeNumbers(a, b)
  if (sameItems(a.edges, b.edges)) return sum
  const cells = sketch?.numbers === undefined ? undefined : cellsOfSketch(sketch.numbers, undefined)
  return { ...sum, edges: [...(cells?.edges ?? [])], counts: [...(cells?.counts ?? [sum.count])] }
}

/** Levels by name. A level that only one side names may hide among the others of the other side, so its count is a lower bound. */
function mergeLevels(
  a: CategoryProfile,
  b: CategoryProfile,
  sketch: ColumnSketch | undefined,
): CategoryProfile {
  if (a.unseen.count + b.unseen.count > 0 && sameItems(a.levels, b.levels)) return mergeCategories(a, b)
  const counts = new Map<string, number>()
  for (const { levels, counts: own, unseen } of [a, b]) {
    for (const [at, level] of levels.entries()) {
      counts.set(level, (counts.get(level) ?? 0) + (own[at] as number))
    }
    for (const { level, count } of unseen.levels) counts.set(level, (counts.get(level) ?? 0) + count)
  }
  const named = ranked(counts).slice(0, namedLevels)
  const count = a.count + b.count
  const distinct = sketch === undefined ? counts.size : estimateDistinct(sketch.distinct).distinct
  return {
    kind: 'category',
    count,
    missing: a.missing + b.missing,
    levels: named.map(([level]) => level),
    counts: named.map(([, n]) => n),
    other: count - named.reduce((sum, [, n]) => sum + n, 0),
    distinct: Math.max(distinct, a.distinct, b.distinct, named.length),
    unseen: { count: 0, levels: [] },
  }
}

function ranked(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
}

function mergeFrequent(a: readonly LevelCount[], b: readonly LevelCount[]): LevelCount[] {
  const counts = new Map(a.map(({ level, count }) => [level, count]))
  for (const { level, count } of b) counts.set(level, (counts.get(level) ?? 0) + count)
  return ranked(counts)
    .slice(0, Math.max(a.length, b.length))
    .map(([level, count]) => ({ level, count }))
}

/**
 * Pearson's r of both sides together, from the r, mean and m2 of each (Chan, Golub & LeVeque 1979): exact where no value is
 * missing and the sides were measured on all of their rows. Pairs that one side does not tell of are left out.
 */
function mergeCorrelations(a: StoredProfile, b: StoredProfile): Correlation[] {
  const moments = ({ columns }: StoredProfile): Map<string, NumberProfile> =>
    new Map(columns.flatMap(({ name, values }) => (values.kind === 'number' ? [[name, values]] : [])))
  const [left, right] = [moments(a), moments(b)]
  return (a.correlations ?? [])
    .flatMap((one): Correlation[] => {
      const other = b.correlations?.find(
        ({ columns, measure }) => measure === 'pearson' && sameItems(columns, one.columns),
      )
      if (one.measure !== 'pearson' || other === undefined) return []
      const [x, y] = one.columns as [string, string]
      const [xa, ya, xb, yb] = [left.get(x), left.get(y), right.get(x), right.get(y)]
      if (xa === undefined || ya === undefined || xb === undefined || yb === undefined) return []
      const weight = (xa.count * xb.count) / (xa.count + xb.count)
      const product =
        one.value * Math.sqrt(xa.m2 * ya.m2) +
        other.value * Math.sqrt(xb.m2 * yb.m2) +
        (xb.mean - xa.mean) * (yb.mean - ya.mean) * weight
      const [squareX, squareY] = [mergeNumbers(xa, xb).m2, mergeNumbers(ya, yb).m2]
      const value = product / Math.sqrt(squareX * squareY)
      return Number.isFinite(value)
        ? [{ ...one, spearman: undefined, value: Math.min(1, Math.max(-1, value)) }]
        : []
    })
    .map(({ columns, measure, value }) => ({ columns, measure, value }))
}
