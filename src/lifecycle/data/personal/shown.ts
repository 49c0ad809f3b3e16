import type { VersionProfile } from '../profiles/version-profile.ts'
import type { Column } from '../rows/column-type.ts'
import type { Arrival, DatasetSummary, DatasetVersion, Rejection } from '../versions/dataset-version.ts'
import { maskRow, type PlainCell } from './mask-cell.ts'
import { maskProfile } from './mask-profile.ts'
import { maskRejection, maskValidation } from './mask-validation.ts'
import { ruleOf, type Masking } from './masking.ts'
import type { Maskings } from './maskings.ts'

interface Rows {
  readonly columns: readonly Column[]
  readonly rows: readonly Readonly<Record<string, PlainCell>>[]
}

/** What was read of a dataset, as it may be shown. Every answer with cells in it passes here. */
export interface Shown {
  version(version: DatasetVersion): Promise<DatasetVersion>
  profile(dataset: string, profile: VersionProfile): Promise<VersionProfile>
  rejections(rejections: readonly Rejection[]): Promise<Rejection[]>
  summaries(items: readonly DatasetSummary[]): Promise<DatasetSummary[]>
  arrivals(dataset: string, arrivals: readonly Arrival[]): Promise<Arrival[]>
  rows(dataset: string, rows: Rows): Promise<{ columns: Column[]; rows: Record<string, PlainCell>[] }>
}

export function createShown(maskings: Maskings): Shown {
  const rejection = async (one: Rejection): Promise<Rejection> =>
    maskRejection(await maskings.of(one.dataset), one)
  return {
    version: async (version) => ({
      ...version,
      validation: maskValidation(
        await maskings.of(version.dataset),
        version.validation,
        version.columns.map(({ name }) => name),
      ),
    }),
    profile: async (dataset, profile) => maskProfile(await maskings.of(dataset), profile),
    rejections: (rejections) => Promise.all(rejections.map(rejection)),
    summaries: (items) =>
      Promise.all(
        items.map(async (item) =>
          item.lastRejection === null
            ? item
            : { ...item, lastRejection: await rejection(item.lastRejection) },
        ),
      ),
    arrivals: async (dataset, arrivals) => {
      const masking = await maskings.of(dataset)
      return arrivals.map((arrival) => ({
        ...arrival,
        ...(arrival.validation && { validation: maskValidation(masking, arrival.validation) }),
        ...(arrival.rejection && { rejection: maskRejection(masking, arrival.rejection) }),
      }))
    },
    rows: async (dataset, rows) => maskRows(await maskings.of(dataset), rows),
  }
}

/** Rows with the columns that are left of them. */
export function maskRows(
  masking: Masking,
  { columns, rows }: Rows,
): { columns: Column[]; rows: Record<string, PlainCell>[] } {
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  return {
    columns: columns.flatMap((column): Column[] => {
      const rule = ruleOf(masking, column.name)
      if (rule === undefined) return [column]
      return rule.action === 'drop' ? [] : [{ name: column.name, type: 'text', sqlType: 'VARCHAR' }]
    }),
    rows: rows.map((row) => maskRow(masking, row, types)),
  }
}
