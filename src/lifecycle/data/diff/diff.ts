import { z } from 'zod'
import { columnTypeSchema, type Column } from '../rows/column-type.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { distributionDistance } from './distribution-distance.ts'
import { fileDiffSchema } from './file-changes.ts'
import { rowDiffSchema } from './row-changes.ts'
import {
  profiledColumnSchema,
  type ProfiledColumn,
  type VersionProfile,
} from '../profiles/version-profile.ts'

export const layerSchema = z.enum(['schema', 'rows', 'distributions'])
export type Layer = z.infer<typeof layerSchema>

const sideSchema = z.object({
  dataset: z.string(),
  version: z.int(),
  digest: z.string(),
  rows: z.int(),
  files: z.int(),
  sizeBytes: z.int(),
})

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
    reordered: z.array(z.string()).describe('columns of both that stand in another order, in the new one'),
    missing: z
      .array(z.object({ column: z.string(), from: z.int(), to: z.int() }))
      .describe('rows without a value, of columns that had none of them on one side'),
  }),
  parts: z.object({ added: z.array(z.string()), removed: z.array(z.string()) }),
  columns: z
    .array(columnDiffSchema)
    .describe(
      'the columns of both versions, the largest distance first; empty where the layer was not asked for',
    ),
  rows: rowDiffSchema.nullable().describe('null where the layer was not asked for'),
  files: fileDiffSchema.nullable().describe('of folders'),
})
export type Diff = Readonly<z.infer<typeof diffSchema>>

/** Everything but the rows, which have to be read for it. */
export function diffVersions(
  from: DatasetVersion,
  to: DatasetVersion,
  profiles: { readonly from: VersionProfile; readonly to: VersionProfile; readonly time: string | undefined },
): Omit<Diff, 'rows' | 'files'> {
  return {
    dataset: to.dataset,
    from: sideOf(from),
    to: sideOf(to),
    schema: { ...schemaDiff(from.columns, to.columns), missing: missingDiff(profiles.from, profiles.to) },
    parts: { added: pathsOnlyIn(to, from), removed: pathsOnlyIn(from, to) },
    columns: columnDiffs(profiles.from, profiles.to, profiles.time),
  }
}

export function sideOf({ dataset, version, digest, rows, files, sizeBytes }: DatasetVersion): Diff['from'] {
  return { dataset, version, digest, rows, files, sizeBytes }
}

function pathsOnlyIn(version: DatasetVersion, other: DatasetVersion): string[] {
  const known = new Set(other.parts.map(({ digest }) => digest))
  return version.parts.filter(({ digest }) => !known.has(digest)).map(({ path }) => path)
}

function schemaDiff(from: readonly Column[], to: readonly Column[]): Omit<Diff['schema'], 'missing'> {
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
    reordered: reorderedColumns(from, to),
  }
}

/** Nothing where the columns of both stand in the same order. */
function reorderedColumns(from: readonly Column[], to: readonly Column[]): string[] {
  const names = (columns: readonly Column[], others: readonly Column[]): string[] =>
    columns.map(({ name }) => name).filter((name) => others.some((other) => other.name === name))
  const [before, after] = [names(from, to), names(to, from)]
  return before.join('\n') === after.join('\n') ? [] : after
}

/** A column that was always filled and is not any more, or the other way round. */
function missingDiff(from: VersionProfile, to: VersionProfile): Diff['schema']['missing'] {
  const before = new Map(from.columns.map(({ name, values }) => [name, values.missing]))
  return to.columns.flatMap(({ name, values: { missing } }) => {
    const earlier = before.get(name)
    if (earlier === undefined || (earlier === 0) === (missing === 0)) return []
    return [{ column: name, from: earlier, to: missing }]
  })
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
