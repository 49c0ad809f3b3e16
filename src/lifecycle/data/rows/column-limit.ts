import { fail } from '#contract/errors'

/** A table as wide as this is a matrix: each column would cost several aggregates in every scan. */
const maximumColumns = 4096

/** @throws unreadable_data */
export function requireColumnCount(columns: number, name: string): void {
  if (columns <= maximumColumns) return
  fail('unreadable_data', `${name} has ${columns} columns; at most ${maximumColumns} are read.`, {
    hint: 'Keep what belongs together in rows instead: one row per name and value.',
    at: name,
  })
}
