import { Uncheckable, type CompiledCheck } from '../compiled-check.ts'
import type { integrityForms } from '../forms/integrity-forms.ts'
import type { CompilersOf } from './compilers.ts'

const later = (): CompiledCheck => {
  throw new Uncheckable('this is not checked yet')
}

export const integrityChecks: CompilersOf<keyof typeof integrityForms> = {
  more_than_one_value: later,
  no_mixed_nulls: later,
  no_mixed_types: later,
  no_string_variants: later,
  no_special_characters: later,
  no_conflicting_labels: later,
  no_duplicate_rows: later,
  identifier_label_correlation: later,
  feature_label_correlation: later,
  class_balance: later,
  no_outlier_rows: later,
}
