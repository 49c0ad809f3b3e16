import { z } from 'zod'
import { columnTypeSchema, type Column } from '../rows/column-type.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { distributionDistance } from './distribution-distance.ts'
import {
  profiledColumnSchema,
  type ProfiledColumn,
  type VersionProfile,
} from '../profiles/version-profile.ts'

const sideSchema = z.object({ version: z.int(), digest: z.string(), rows: z.int(), sizeBytes: z.int() })

const columnDiffSchema = z.object({
  column: z.string(),
  type: columnTypeSchema,
  psi: z.number().nullable().describe('population stability index; null where it cannot be computed'),
  jensenShannon: z.number().nullable().describe('Jensen-Shannon distance, base 2, 0 to 1'),
  exact: z
    .boolean()
    .describe('false: the two versions were counted in different cells, so the figures are near'),
  missing: z.object({ from: z.number(), to: z.number() }).describe('shares of the rows'),
  from: profiledColumnSchema,
  to: profiledColumnSchema,
})
export type ColumnDiff = Readonly<z.infer<typeof columnDiffSchema>>

export const diffSchema = z.object({
  dataset: z.string(),
  from: sideSchema,
  to: sideSchema,
  schema: z.object({
    added: z.array(z.object({ column: z.string(), type: columnTypeSchema })),
    removed: z.array(z.object({ column: z.string(), type: columnTypeSchema })),
    changed: z.array(z.object({ column: z.string(), from: columnTypeSchema, to: columnTypeSchema })),
  }),
  parts: z.object({ added: z.array(z.string()), removed: z.array(z.string()) }),
  columns: z.array(columnDiffSchema).describe('the columns of both versions, the largest distance first'),
})
export type Diff = Readonly<z.infer<typeof diffSchema>>

export function diffVersions(
  from: DatasetVersion,
  to: DatasetVersion,
  profiles: { readonly from: VersionProfile; readonly to: VersionProfile; readonly time: string | undefined },
): Diff {
  return {
    dataset: to.dataset,
    from: sideOf(from),
    to: sideOf(to),
    schema: schemaDiff(from.columns, to.columns),
    parts: { added: pathsOnlyIn(to, from), removed: pathsOnlyIn(from, to) },
    columns: columnDiffs(profiles.from, profiles.to, profiles.time),
  }
}

function sideOf({ version, digest, rows, sizeBytes }: DatasetVersion): Diff['from'] {
  return { version, digest, rows, sizeBytes }
}

function pathsOnlyIn(version: DatasetVersion, other: DatasetVersion): string[] {
  const known = new Set(other.parts.map(({ digest }) => digest))
  return version.parts.filter(({ digest }) => !known.has(digest)).map(({ path }) => path)
}

function schemaDiff(from: readonly Column[], to: readonly Column[]): Diff['schema'] {
  const before = new Map(from.map((column) => [column.name, column.type]))
  const after = new Map(to.map((column) => [column.name, column.type]))
  const named = ({ name, type }: Column) => ({ column: name, type })
  return {
    added: to.filter(({ name }) => !before.has(name)).map(named),
    removed: from.filter(({ name }) => !after.has(name)).map(named),
    changed: to.flatMap(({ name, type }) => {
      const old = before.get(name)
      return old === undefined || old === type ? [] : [{ column: name, from: old, to: type }]
    }),
  }
}

/** Columns of both sides, worst first. The time column comes last: time always moves. */
export function columnDiffs(
  from: VersionProfile,
  to: VersionProfile,
  time: string | undefined,
): ColumnDiff[] {
  const before = new Map(from.columns.map((column) => [column.name, column]))
  const diffs = to.columns.flatMap((after): ColumnDiff[] => {
    const earlier = before.get(after.name)
    if (earlier === undefined) return []
    const distance = after.name === time ? undefined : distributionDistance(earlier, after)
    return [
      {
        column: after.name,
        type: after.type,
        psi: distance?.psi ?? null,
        jensenShannon: distance?.jensenShannon ?? null,
        exact: distance?.exact ?? true,
        missing: { from: missingShare(earlier, from.rows), to: missingShare(after, to.rows) },
        from: earlier,
        to: after,
      },
    ]
  })
  return diffs.sort((a, b) => severityOf(b) - severityOf(a) || (a.column < b.column ? -1 : 1))
}

function severityOf({ jensenShannon, missing }: ColumnDiff): number {
  return Math.max(jensenShannon ?? -1, Math.abs(missing.to - missing.from))
}

function missingShare({ values }: ProfiledColumn, rows: number): number {
  return rows === 0 ? 0 : values.missing / rows
}
