import { z } from 'zod'
import { fail } from '#contract/errors'
import type { CategoryColumn, Column, Frame, NumberColumn } from '#platform/tables/frame'
import { cellOf, quantileEdges } from './quantile-edges.ts'

/**
 * What a column looked like, in a size that does not grow with its rows. Profiles counted on the edges and levels of one
 * reference merge exactly: hours add up to days, and processes add up to a deployment.
 */

/** Levels that a reference counts by name; the rest of its levels share the cell `other`. */
const namedLevels = 256

/** New levels that a profile remembers by name. Beyond these only their total stays exact. */
const namedUnseenLevels = 64

const count = z.int().min(0)

const numberProfileSchema = z.object({
  kind: z.literal('number'),
  count: count.describe('finite values'),
  missing: count,
  infinite: count,
  mean: z.number().describe('mean of the finite values; 0 where there is none'),
  m2: z.number().describe('sum of squared deviations from the mean, so that variance = m2 / count'),
  min: z.number().nullable(),
  max: z.number().nullable(),
  edges: z
    .array(z.number())
    .describe('ascending: minimum of the reference, cut points, maximum of the reference'),
  counts: z
    .array(count)
    .describe(
      'below the first edge, the cells between edges (upper bound excluded, except in the last), above the last',
    ),
})

export const levelCountSchema = z.object({ level: z.string(), count })

const categoryProfileSchema = z.object({
  kind: z.literal('category'),
  count: count.describe('values that are not missing'),
  missing: count,
  levels: z.array(z.string()).describe('levels of the reference, most frequent first'),
  counts: z.array(count).describe('one per level'),
  other: count.describe('values of levels that the reference has (or may have) beyond the named ones'),
  distinct: count.describe('distinct levels; a lower bound once profiles with values in `other` were merged'),
  unseen: z.object({
    count: count.describe('values of levels that the reference does not have'),
    levels: z.array(levelCountSchema).describe('those levels, most frequent first'),
  }),
})

export const columnProfileSchema = z.discriminatedUnion('kind', [numberProfileSchema, categoryProfileSchema])
export const tableProfileSchema = z.object({
  rows: count,
  columns: z.record(z.string(), columnProfileSchema),
})

export type NumberProfile = Readonly<z.infer<typeof numberProfileSchema>>
export type CategoryProfile = Readonly<z.infer<typeof categoryProfileSchema>>
export type ColumnProfile = NumberProfile | CategoryProfile
export interface TableProfile {
  readonly rows: number
  readonly columns: Readonly<Record<string, ColumnProfile>>
}

/**
 * Profiles every column. Without a reference the frame is its own: edges and levels are chosen from it. With a reference,
 * its columns are counted on its edges and levels; columns that it does not have are left out, and columns that the frame
 * does not have are absent from the result.
 * @throws invalid_input when a column is numeric on one side and text on the other.
 */
export function profileFrame(frame: Frame, reference?: TableProfile): TableProfile {
  const columns: Record<string, ColumnProfile> = {}
  for (const [name, column] of Object.entries(frame.columns)) {
    const known = reference?.columns[name]
    if (reference !== undefined && known === undefined) continue
    columns[name] = profileColumn(name, column, known)
  }
  return { rows: frame.rows, columns }
}

function profileColumn(name: string, column: Column, known: ColumnProfile | undefined): ColumnProfile {
  if (column.kind === 'number') {
    if (known?.kind === 'category') return failKind(name, 'number', 'category')
    return profileNumbers(column, known?.edges ?? quantileEdges(column.values))
  }
  if (known?.kind === 'number') return failKind(name, 'category', 'number')
  return known === undefined ? profileOwnLevels(column) : profileKnownLevels(column, known)
}

function failKind(name: string, found: string, expected: string): never {
  return fail('invalid_input', `Column "${name}" is ${found} here and ${expected} in the reference`, {
    hint: 'Profile the column in the type that the reference has, or make a new reference.',
    at: name,
  })
}

function profileNumbers(column: NumberColumn, edges: readonly number[]): NumberProfile {
  const { values } = column
  const counts = Array.from<number>({ length: edges.length + 1 }).fill(0)
  let finite = 0
  let missing = 0
  let infinite = 0
  let mean = 0
  let m2 = 0
  let min = Number.POSITIVE_INFINITY
  let max = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number
    if (value - value !== 0) {
      if (Number.isNaN(value)) missing++
      else infinite++
      continue
    }
    finite++
    const delta = value - mean
    mean += delta / finite
    m2 += delta * (value - mean)
    if (value < min) min = value
    if (value > max) max = value
    const cell = cellOf(edges, value)
    counts[cell] = (counts[cell] as number) + 1
  }
  const extremes = finite === 0 ? { min: null, max: null } : { min, max }
  return {
    kind: 'number',
    count: finite,
    missing,
    infinite,
    mean,
    m2,
    ...extremes,
    edges: [...edges],
    counts,
  }
}

function profileOwnLevels(column: CategoryColumn): CategoryProfile {
  const { perLevel, missing } = countLevels(column)
  const all = ranked(column.levels.map((level, index) => ({ level, count: perLevel[index] as number })))
  const named = all.slice(0, namedLevels)
  const other = sum(all.slice(namedLevels).map((entry) => entry.count))
  return {
    kind: 'category',
    count: column.codes.length - missing,
    missing,
    levels: named.map((entry) => entry.level),
    counts: named.map((entry) => entry.count),
    other,
    distinct: all.length,
    unseen: { count: 0, levels: [] },
  }
}

/**
 * Counts on the levels of `known`. Where the reference has more levels than it names, a level that is not named may be an
 * old one: it counts as `other`, and nothing is called unseen.
 */
function profileKnownLevels(column: CategoryColumn, known: CategoryProfile): CategoryProfile {
  const { perLevel, missing } = countLevels(column)
  const position = new Map(known.levels.map((level, index) => [level, index]))
  const counts = known.levels.map(() => 0)
  const unnamed: LevelCount[] = []
  let distinct = 0
  for (const [index, level] of column.levels.entries()) {
    const found = perLevel[index] as number
    if (found === 0) continue
    distinct++
    const at = position.get(level)
    if (at === undefined) unnamed.push({ level, count: found })
    else counts[at] = found
  }
  const total = sum(unnamed.map((entry) => entry.count))
  const complete = known.distinct <= known.levels.length
  return {
    kind: 'category',
    count: column.codes.length - missing,
    missing,
    levels: known.levels,
    counts,
    other: complete ? 0 : total,
    distinct,
    unseen: complete ? { count: total, levels: mostFrequent(unnamed) } : { count: 0, levels: [] },
  }
}

export type LevelCount = z.infer<typeof levelCountSchema>

function countLevels(column: CategoryColumn): { perLevel: Float64Array; missing: number } {
  const perLevel = new Float64Array(column.levels.length)
  let missing = 0
  for (let i = 0; i < column.codes.length; i++) {
    const code = column.codes[i] as number
    if (code < 0) missing++
    else perLevel[code] = (perLevel[code] as number) + 1
  }
  return { perLevel, missing }
}

/** Most frequent first, by name among equals, without levels that never occur. */
function ranked(entries: readonly LevelCount[]): LevelCount[] {
  return entries
    .filter((entry) => entry.count > 0)
    .sort((a, b) => b.count - a.count || (a.level < b.level ? -1 : 1))
}

export function mostFrequent(entries: readonly LevelCount[]): LevelCount[] {
  return ranked(entries).slice(0, namedUnseenLevels)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
