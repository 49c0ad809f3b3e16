import { quoteName, requireRow, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { codesOf, type Codes } from './correlate.ts'
import type { LikelyKey, ProfiledColumn } from './version-profile.ts'

/** Looking at every row costs about a second for ten million of them, so only so many candidates get that far. */
const maximumConfirmed = 4
const manyRows = 2_000_000
const minimumRows = 20
const leastRepeats = 20

interface KeySearch {
  readonly relation: string
  readonly rows: number
  readonly columns: readonly Column[]
  readonly profiled: readonly ProfiledColumn[]
  readonly matrix: ReadonlyMap<string, Float64Array>
  /** The matrix has all rows. */
  readonly complete: boolean
}

/** Columns that name a row once and are never missing; pairs of columns where none does alone. */
export async function likelyKeys(tables: Tables, search: KeySearch): Promise<LikelyKey[]> {
  const { rows, columns, profiled } = search
  if (rows < minimumRows) return []
  const of = new Map(profiled.map((column) => [column.name, column]))
  // A measurement may happen to be different in each row; that names nothing.
  const usable = columns.filter(
    ({ name, type }) =>
      type !== 'other' && type !== 'unknown' && type !== 'number' && of.get(name)?.values.missing === 0,
  )
  const distinctOf = ({ name }: Column): number => of.get(name)?.distinct ?? 0
  const near = usable.filter((column) => distinctOf(column) >= 0.88 * rows)
  const keys: LikelyKey[] = []
  let confirmed = 0
  for (const column of near.slice(0, maximumConfirmed)) {
    const exact = rows <= manyRows || confirmed === 0
    if (exact) confirmed++
    if (!exact || (await isUnique(tables, search, [column]))) keys.push({ columns: [column.name], exact })
  }
  const single = new Set(keys.flatMap((key) => key.columns))
  const others = usable.filter((column) => !single.has(column.name) && distinctOf(column) > 1)
  keys.push(
    ...(await pairs(
      tables,
      search,
      others.map((column) => ({ column, distinct: distinctOf(column) })),
    )),
  )
  return keys
}

async function pairs(
  tables: Tables,
  search: KeySearch,
  candidates: readonly { column: Column; distinct: number }[],
): Promise<LikelyKey[]> {
  const { rows, matrix, complete } = search
  const wanted = candidates.flatMap((a, at) =>
    candidates.slice(at + 1).flatMap((b) => {
      const repeated = Math.min(
        expectedRepeats(rows, a.distinct, b.distinct),
        expectedRepeats(rows, b.distinct, a.distinct),
      )
      const fits = a.distinct * b.distinct >= rows && repeated >= leastRepeats
      return fits ? [{ columns: [a.column, b.column] as const, repeated }] : []
    }),
  )
  const codes = new Map<string, Codes>()
  const codesFor = (name: string): Codes => {
    const known = codes.get(name) ?? codesOf(matrix.get(name) ?? new Float64Array())
    codes.set(name, known)
    return known
  }
  const unrefuted = wanted.filter(({ columns: [a, b] }) => !repeats(codesFor(a.name), codesFor(b.name)))
  const surest = unrefuted.sort((a, b) => b.repeated - a.repeated).slice(0, maximumConfirmed)
  const keys: LikelyKey[] = []
  for (const { columns } of surest) {
    const unique = complete || (rows <= manyRows && (await isUnique(tables, search, columns)))
    if (unique) keys.push({ columns: columns.map(({ name }) => name), exact: true })
  }
  return keys
}

/**
 * Pairs of rows that would have the same two values if the columns had nothing to do with each other. Where a column hardly ever
 * repeats, any other beside it makes a combination that never does: that says nothing.
 */
function expectedRepeats(rows: number, distinct: number, otherDistinct: number): number {
  return (rows * (rows / distinct - 1)) / 2 / otherDistinct
}

/** Whether some combination occurs twice; found after about √rows of them where there are few. */
function repeats(a: Codes, b: Codes): boolean {
  const seen = new Set<number>()
  for (let row = 0; row < a.codes.length; row++) {
    const pair = (a.codes[row] as number) * b.levels + (b.codes[row] as number)
    if (seen.has(pair)) return true
    seen.add(pair)
  }
  return false
}

async function isUnique(
  tables: Tables,
  { relation, rows, complete, matrix }: KeySearch,
  columns: readonly Column[],
): Promise<boolean> {
  const [only] = columns
  if (complete && columns.length === 1 && only !== undefined && only.type !== 'integer') {
    return codesOf(matrix.get(only.name) ?? new Float64Array()).levels === rows
  }
  const names = columns.map(({ name }) => quoteName(name))
  const value = names.length === 1 ? names[0] : `(${names.join(', ')})`
  const found = await tables.rows(`SELECT count(DISTINCT ${value}) AS n FROM ${relation}`)
  return Number(requireRow(found)['n']) === rows
}
