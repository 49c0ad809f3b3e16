import { quoteText, type Row, type Tables } from '#platform/tables/index'
import { plainValues, shownCell } from '../checks/sample-rows.ts'
import type { PlainCell } from '../personal/mask-cell.ts'
import { comparedColumns, splitColumns, type RowDiffRequest, type RowSide } from './compared-columns.ts'

export type RowChangeKind = 'added' | 'removed' | 'changed'

export interface RowChange {
  readonly kind: RowChangeKind
  readonly before: Readonly<Record<string, PlainCell>> | null
  readonly after: Readonly<Record<string, PlainCell>> | null
  /** Columns whose cells differ, for changed rows. */
  readonly changed: readonly string[]
  /** How often the row was added or removed, where it occurs more than once. */
  readonly times: number
}

interface Page {
  readonly kind: RowChangeKind | undefined
  readonly limit: number
  readonly offset: number
}

/** A part of the rows that `diffRows` found to differ on this connection: changed, removed, added, each by key. */
export async function pageOfRows(
  tables: Tables,
  request: RowDiffRequest,
  { kind, limit, offset }: Page,
): Promise<RowChange[]> {
  const keyed = request.key.length > 0
  const width = keyed ? request.key.length : 1
  const keys = Array.from({ length: width }, (_, index) => `k${index}`)
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE page AS
     SELECT row_number() OVER () AS position, * FROM (
       SELECT ${keys.join(', ')}, kind, n, whole FROM differing
       WHERE ${kind === undefined ? `kind <> 'same'` : `kind = ${quoteText(kind)}`}
       ORDER BY CASE kind WHEN 'changed' THEN 0 WHEN 'removed' THEN 1 ELSE 2 END, ${keys.join(', ')}
       LIMIT ${limit} OFFSET ${offset})`,
  )
  const [{ wholes } = {}] = await tables.rows('SELECT count(whole) AS wholes FROM page')
  const hasWholes = Number(wholes) > 0
  const before = await rowsOf(tables, request, { side: 'from', hasWholes })
  const after = await rowsOf(tables, request, { side: 'to', hasWholes })
  const page = await tables.rows('SELECT position, kind, n FROM page ORDER BY position')
  return page.map((row): RowChange => {
    const position = Number(row['position'])
    const change = row['kind'] as RowChangeKind
    const [left, right] = [before.get(position), after.get(position)]
    return {
      kind: change,
      before: change === 'added' || left === undefined ? null : left,
      after: change === 'removed' || right === undefined ? null : right,
      changed:
        change === 'changed' && left !== undefined && right !== undefined ? differing(left, right) : [],
      times: Number(row['n']),
    }
  })
}

/** One row of a side for each place of the page. */
async function rowsOf(
  tables: Tables,
  request: RowDiffRequest,
  { side, hasWholes }: { side: 'from' | 'to'; hasWholes: boolean },
): Promise<Map<number, Record<string, PlainCell>>> {
  const { columns, relation }: RowSide = request[side]
  const compared = comparedColumns(request)
  const value = side === 'from' ? ('left' as const) : ('right' as const)
  const { keys, values } = splitColumns(request, compared)
  const whole = `hash(${['0', ...values.map((column) => column[value])].join(', ')})`
  const names = keys.length === 0 ? [whole] : keys.map((column) => column[value])
  // Names that no column of the user's has.
  const list = [
    ...names.map((key, index) => `${key} AS "key#${index}"`),
    ...(hasWholes ? [`${whole} AS "whole#"`] : []),
    ...columns.map(({ name, sqlType }) => shownCell(name, sqlType)),
  ]
  const same = names.map((_, index) => `s."key#${index}" IS NOT DISTINCT FROM page.k${index}`)
  if (hasWholes) same.push('(page.whole IS NULL OR page.whole = s."whole#")')
  const rows = await tables.rows(
    `SELECT page.position AS "position#", s.* FROM page JOIN (SELECT ${list.join(', ')} FROM ${relation}) s
       ON ${same.join(' AND ')} QUALIFY row_number() OVER (PARTITION BY page.position) = 1`,
  )
  return new Map(
    rows.map((row: Row) => [
      Number(row['position#']),
      plainValues(Object.fromEntries(columns.map(({ name }) => [name, row[name] ?? null]))),
    ]),
  )
}

function differing(
  left: Readonly<Record<string, PlainCell>>,
  right: Readonly<Record<string, PlainCell>>,
): string[] {
  return Object.keys(right).filter((name) => name in left && String(left[name]) !== String(right[name]))
}
