import type { ColumnProfile } from '../profiles/column-profile.ts'
import type { ProfiledColumn, VersionProfile } from '../profiles/version-profile.ts'
import type { Column } from '../rows/column-type.ts'
import { hidesAnything, ruleOf, type Masking } from './masking.ts'

/**
 * A profile as it may be shown. What was counted over masked values is in order; a column that got its class later
 * keeps its counts and loses every value: frequent ones, quantiles, ends and cells.
 */
export function maskProfile(masking: Masking, profile: VersionProfile): VersionProfile {
  if (!hidesAnything(masking)) return profile
  return {
    ...profile,
    columns: profile.columns.map((column) => {
      const rule = ruleOf(masking, column.name)
      if (rule === undefined || column.masked === rule.action) return column
      const { name, type, distinct, notANumber, values } = column
      // What is kept is named, so that nothing added to a profile later slips through.
      return {
        name,
        type,
        distinct,
        notANumber,
        quantiles: null,
        frequent: [],
        values: countsOnly(values),
        masked: rule.action,
      }
    }),
  }
}

function countsOnly(values: ColumnProfile): ColumnProfile {
  const { count, missing } = values
  const distinct = values.kind === 'category' ? values.distinct : 0
  const unseen = { count: 0, levels: [] }
  return { kind: 'category', count, missing, levels: [], counts: [], other: count, distinct, unseen }
}

/** Marks what was counted over masked values, and gives the columns back their own types. */
export function markMasked(
  masking: Masking,
  profile: VersionProfile,
  columns: readonly Column[],
): VersionProfile {
  if (!hidesAnything(masking)) return profile
  const types = new Map(columns.map(({ name, type }) => [name, type]))
  return {
    ...profile,
    columns: profile.columns.map((column): ProfiledColumn => {
      const rule = ruleOf(masking, column.name)
      return rule === undefined
        ? column
        : { ...column, type: types.get(column.name) ?? column.type, masked: rule.action }
    }),
  }
}
