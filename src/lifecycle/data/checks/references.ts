import { NothingBefore, Uncheckable, type ReferencedTable } from './compiled-check.ts'
import type { Check } from './expectation.ts'
import type { TableReference } from './forms/form-parts.ts'

/** @throws Uncheckable where there is no such table. */
export type References = (reference: TableReference) => ReferencedTable

export const noReferences: References = (reference) => {
  if (reference === 'previous') throw new NothingBefore('there is no previous version to compare with')
  throw new Uncheckable(`there is no ${reference} to compare with`)
}

/** The tables that checks compare with, each once. */
export function referencesOf(checks: readonly Check[]): TableReference[] {
  return [...new Set(checks.flatMap(referenceOf))]
}

function referenceOf(check: Check): TableReference[] {
  if (check.kind === 'references') return [check.dataset]
  if (check.kind === 'row_count_equals' || check.kind === 'row_count_ratio') return [check.to]
  return 'reference' in check && check.reference !== undefined ? [check.reference] : []
}
