import { quoteName, requireRow, type Tables } from '#platform/tables/index'
import { profileTable, type ProfileRequest } from '../profiles/profile-table.ts'
import type { VersionProfile } from '../profiles/version-profile.ts'
import { markMasked } from './mask-profile.ts'
import { lendKey, maskedRelation } from './masked-relation.ts'
import { ruleOf, type Masking } from './masking.ts'

/**
 * Profiles rows as they may be shown: columns with a rule are counted by their masked values, so that nothing of them is
 * stored, and hashed or generalised ones can still be compared between versions. How many distinct values there are is
 * counted before they are masked.
 */
export async function profileMasked(
  tables: Tables,
  request: ProfileRequest,
  masking: Masking,
): Promise<VersionProfile> {
  const { relation, columns } = request
  const hidden = columns.filter(({ name, type }) => ruleOf(masking, name) !== undefined && type !== 'other')
  if (hidden.length === 0) return profileTable(tables, request)
  await lendKey(tables, masking)
  const masked = maskedRelation(masking, { relation, columns }, 'hide')
  const profile = markMasked(masking, await profileTable(tables, { ...request, ...masked }), columns)
  // An estimate may exceed the rows that there are.
  const counts = hidden.map(
    ({ name }, index) =>
      `least(count(${quoteName(name)}), approx_count_distinct(${quoteName(name)})) AS d${index}`,
  )
  const row = requireRow(await tables.rows(`SELECT ${counts.join(', ')} FROM ${relation}`))
  const distinct = new Map(hidden.map(({ name }, index) => [name, Number(row[`d${index}`])]))
  return {
    ...profile,
    columns: profile.columns.map((column) => ({
      ...column,
      distinct: distinct.get(column.name) ?? column.distinct,
    })),
  }
}
