import type { Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { numberOf, scaleOf, summarizeColumns, type ColumnSummary } from './column-aggregates.ts'
import type { CategoryProfile, LevelCount, NumberProfile } from './column-profile.ts'
import { countValues, isCountable, type CountedValues } from './count-values.ts'
import { distinctSketch, estimateDistinct, type DistinctSketch } from './distinct-sketch.ts'
import { cellsOfCounts, type NumberCells } from './number-cells.ts'
import { sketchOfCounts, type NumberSketch } from './number-sketch.ts'
import { profileRelations } from './profile-relations.ts'
import { scanNumbers } from './scan-numbers.ts'
import { scanSketches, type ScannedSketches } from './scan-sketches.ts'
import type { StoredProfile } from './stored-profile.ts'
import { surprisesOf } from './type-surprises.ts'
import type { ProfiledColumn, VersionProfile } from './version-profile.ts'

const shownLevels = 10
/** Sketches cost a kilobyte or ten each; a table this wide is a matrix, whose columns nobody adds up. */
const maximumSketchedColumns = 500

export interface ProfileRequest {
  readonly relation: string
  readonly columns: readonly Column[]
  /** The profile of the version before. */
  readonly earlier?: VersionProfile | undefined
}

/**
 * Profiles all rows of a relation by aggregates that DuckDB computes; nothing but the result comes to this side.
 *
 * Numbers are counted on the edges of the earlier profile while these still hold the bulk of the values, so that a
 * version and the one before it compare cell by cell.
 */
export async function profileTable(
  tables: Tables,
  { relation, columns, earlier }: ProfileRequest,
): Promise<StoredProfile> {
  const { rows, columns: summaries, hash } = await summarizeColumns(tables, relation, columns)
  const before = new Map(earlier?.columns.map((column) => [column.name, column]))
  const countable = columns.filter((column) =>
    isCountable(column, summaries.get(column.name) as ColumnSummary),
  )
  const counted = await countValues(tables, relation, countable)
  const sketched = columns.length <= maximumSketchedColumns
  const uncounted = columns.filter(
    ({ name, type }) => !counted.has(name) && type !== 'other' && type !== 'unknown',
  )
  const sketches = sketched
    ? await scanSketches(tables, { relation, columns: uncounted, summaries, hash })
    : new Map<string, ScannedSketches>()
  const scanned = await scanNumbers(tables, {
    relation,
    rows,
    columns: uncounted.flatMap((column) => {
      const { name } = column
      const value = numberOf(column)
      const earlier = sameType(column, before.get(name))
      const { min, max } = summaries.get(name) as ColumnSummary
      if (value === undefined || min === null || max === null) return []
      return [{ name, value, low: min, high: max, earlier, sketch: sketches.get(name)?.numbers }]
    }),
  })
  const profiled = columns.map((column): { column: ProfiledColumn; sketch: ColumnSketch | undefined } => {
    const values = counted.get(column.name)
    const sketch = sketched
      ? sketchOf(column, { values, scanned: sketches.get(column.name), hash })
      : undefined
    const cells =
      numberOf(column) === undefined
        ? undefined
        : (scanned.get(column.name) ??
          cellsOfCounts(values?.numbers ?? [], sameType(column, before.get(column.name))))
    const summary = summaries.get(column.name) as ColumnSummary
    const lengths = values?.lengths ?? sketches.get(column.name)?.lengths
    return { column: profiledColumn(column, { rows, summary, values, cells, sketch, lengths }), sketch }
  })
  const relations = await profileRelations(tables, {
    relation,
    rows,
    columns,
    profiled: profiled.map(({ column }) => column),
  })
  const unique = new Set(
    relations.keys.flatMap(({ columns: names, exact }) => (exact && names.length === 1 ? names : [])),
  )
  return {
    rows,
    columns: profiled.map(({ column }) => ({
      ...column,
      // Every row was looked at, which knows better than a sketch.
      ...(unique.has(column.name) ? { distinct: rows } : {}),
      surprises: surprisesOf(column, {
        rows,
        counted: counted.get(column.name),
        texts: relations.texts.get(column.name),
      }),
    })),
    correlations: relations.correlations,
    keys: relations.keys,
    sketches: Object.fromEntries(
      profiled.flatMap(({ column, sketch }) => (sketch === undefined ? [] : [[column.name, sketch]])),
    ),
  }
}

function sameType(column: Column, earlier: ProfiledColumn | undefined): ProfiledColumn | undefined {
  return earlier?.type === column.type ? earlier : undefined
}

interface ColumnSketch {
  readonly distinct: DistinctSketch
  readonly numbers?: NumberSketch
}

function sketchOf(
  column: Column,
  {
    values,
    scanned,
    hash,
  }: { values: CountedValues | undefined; scanned: ScannedSketches | undefined; hash: string },
): ColumnSketch | undefined {
  if (scanned !== undefined) return scanned
  if (values === undefined) return undefined
  const distinct = distinctSketch(values.hashes, hash)
  return numberOf(column) === undefined
    ? { distinct }
    : { distinct, numbers: sketchOfCounts(values.numbers, scaleOf(column)) }
}

interface Parts {
  readonly rows: number
  readonly summary: ColumnSummary
  readonly values: CountedValues | undefined
  readonly cells: NumberCells | undefined
  readonly sketch: ColumnSketch | undefined
  readonly lengths: ProfiledColumn['lengths']
}

function profiledColumn(
  column: Column,
  { rows, summary, values, cells, sketch, lengths }: Parts,
): ProfiledColumn {
  const levels = values?.levels ?? []
  const estimated = sketch === undefined ? summary.distinct : estimateDistinct(sketch.distinct).distinct
  const distinct = values?.distinct ?? Math.min(estimated, summary.values)
  const missing = rows - summary.values
  return {
    name: column.name,
    type: column.type,
    distinct,
    notANumber: summary.notANumber,
    quantiles: cells?.quantiles === undefined || cells.quantiles === null ? null : [...cells.quantiles],
    ...(cells?.quantileError === undefined ? {} : { quantileError: cells.quantileError }),
    frequent: levels.slice(0, shownLevels),
    ...(lengths === undefined ? {} : { lengths }),
    values:
      cells === undefined
        ? categoryProfile(summary, { missing, distinct, levels })
        : numberProfile(summary, missing, cells),
  }
}

function numberProfile(
  summary: ColumnSummary,
  missing: number,
  { edges, counts }: NumberCells,
): NumberProfile {
  const { values, finite, mean, variance, min, max } = summary
  return {
    kind: 'number',
    count: finite,
    missing,
    infinite: values - finite,
    mean,
    m2: variance * finite,
    min,
    max,
    edges: [...edges],
    counts: [...counts],
  }
}

function categoryProfile(
  { values }: ColumnSummary,
  { missing, distinct, levels }: { missing: number; distinct: number; levels: readonly LevelCount[] },
): CategoryProfile {
  return {
    kind: 'category',
    count: values,
    missing,
    levels: levels.map(({ level }) => level),
    counts: levels.map(({ count }) => count),
    other: values - levels.reduce((sum, { count }) => sum + count, 0),
    distinct,
    unseen: { count: 0, levels: [] },
  }
}
