import { quoteName, requireRow, type Tables } from '#platform/tables/index'
import { relationOf, type LocalPart } from '../rows/relation.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { sameReading } from '../versions/manifest-digest.ts'
import type { Part } from '../versions/snapshot.ts'
import type { RowSide } from './compared-columns.ts'

type Local = LocalPart & { readonly part: Part }

interface Pair {
  readonly from: DatasetVersion
  readonly to: DatasetVersion
  readonly key: readonly string[]
}

export interface RowSides {
  readonly from: RowSide
  readonly to: RowSide
  /** Rows of parts that both versions have, which need not be read. */
  readonly shared: number
}

/**
 * The rows that have to be compared. Parts with the same bytes, read in the same way, hold the same rows: as a multiset
 * they cancel each other out, and by key they do unless one of their keys occurs in another part, too.
 */
export async function sidesOf(
  tables: Tables,
  { from, to, key }: Pair,
  local: { readonly from: readonly Local[]; readonly to: readonly Local[] },
): Promise<RowSides> {
  const whole = {
    from: sideOf(from, local.from),
    to: sideOf(to, local.to),
    shared: 0,
  }
  if (!sameColumns(from, to)) return whole
  const shared = sharedParts(local.from, local.to)
  if (shared.length === 0) return whole
  const digests = new Set(shared.map(({ part }) => part.digest))
  const rest = {
    from: sideOf(
      from,
      local.from.filter(({ part }) => !digests.has(part.digest)),
    ),
    to: sideOf(
      to,
      local.to.filter(({ part }) => !digests.has(part.digest)),
    ),
    shared: shared.reduce((sum, { part }) => sum + part.rows, 0),
  }
  if (key.length > 0 && (await haveSharedKey(tables, { key, rest, shared: sideOf(from, shared) })))
    return whole
  return rest
}

function sideOf({ columns }: DatasetVersion, local: readonly Local[]): RowSide {
  return {
    relation: local.length === 0 ? emptyRelation(columns) : relationOf(columns, local),
    columns,
    rows: local.reduce((sum, { part }) => sum + part.rows, 0),
  }
}

function emptyRelation(columns: DatasetVersion['columns']): string {
  const list = columns.map(({ name, sqlType }) => `CAST(NULL AS ${sqlType}) AS ${quoteName(name)}`)
  return `(SELECT ${list.join(', ')} WHERE false)`
}

function sameColumns(from: DatasetVersion, to: DatasetVersion): boolean {
  const spelled = ({ columns }: DatasetVersion): string =>
    columns
      .map(({ name, sqlType }) => JSON.stringify([name, sqlType]))
      .sort()
      .join('\n')
  return spelled(from) === spelled(to)
}

function sharedParts(from: readonly Local[], to: readonly Local[]): Local[] {
  const known = new Map(to.map(({ part }) => [part.digest, part]))
  return from.filter(({ part }) => {
    const other = known.get(part.digest)
    return other !== undefined && sameReading(other.reading, part.reading)
  })
}

async function haveSharedKey(
  tables: Tables,
  { key, rest, shared }: { key: readonly string[]; rest: Pick<RowSides, 'from' | 'to'>; shared: RowSide },
): Promise<boolean> {
  const names = key.map(quoteName).join(', ')
  const same = key
    .map((name) => `s.${quoteName(name)} IS NOT DISTINCT FROM r.${quoteName(name)}`)
    .join(' AND ')
  const { found } = requireRow(
    await tables.rows(
      `SELECT count(*) AS found FROM (
         SELECT 1 FROM (SELECT ${names} FROM ${shared.relation}) s
         SEMI JOIN (SELECT ${names} FROM ${rest.from.relation} UNION ALL SELECT ${names} FROM ${rest.to.relation}) r ON ${same}
         LIMIT 1)`,
    ),
  )
  return Number(found) > 0
}
