import type { Check } from './expectation.ts'

/** The columns that a check names. */
export function columnsOf(check: Check): readonly string[] {
  if (check.kind === 'schema') return Object.keys(check.columns)
  if (check.kind === 'greater_than') return [check.column, check.other]
  if (check.kind === 'identifier_label_correlation') return [check.identifier, check.label]
  const label = 'label' in check ? [check.label] : []
  if ('columns' in check) return [...(check.columns ?? []), ...label]
  return 'column' in check ? [check.column, ...label] : label
}
