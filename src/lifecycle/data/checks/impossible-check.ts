import type { Check, CheckKind } from './expectation.ts'

/** Checks that say nothing without a limit. */
const limited = new Set<CheckKind>([
  'between',
  'row_count',
  'row_count_ratio',
  'column_count',
  'distinct_count',
  'unique_proportion',
  'min',
  'max',
  'mean',
  'median',
  'sum',
  'stdev',
  'length',
  'sql_value',
])

/** What keeps a check from ever being computed, whatever the rows are: said when the project file is read. */
export function impossibilityOf(check: Check): string | undefined {
  if (check.kind === 'fresh' && check.column === '') {
    return 'the dataset has no `time`, so this needs a `column`'
  }
  if (limited.has(check.kind)) return impossibleLimits(check)
  if ('patterns' in check && check.patterns.length === 0) return 'neither `pattern` nor `patterns` is given'
  if (
    check.kind === 'presence' &&
    check.minimum_count === undefined &&
    check.minimum_fraction === undefined
  ) {
    return 'neither `minimum_fraction` nor `minimum_count` is given'
  }
  if (check.kind === 'references' && check.columns.length !== check.to.length) {
    return `${check.columns.length} columns cannot refer to ${check.to.length}`
  }
  return impossibleComparison(check)
}

function impossibleLimits(check: Check): string | undefined {
  const { minimum, maximum, warn_outside } = check as {
    minimum?: number | string
    maximum?: number | string
    warn_outside?: object
  }
  if (minimum === undefined && maximum === undefined) {
    return warn_outside === undefined ? 'neither a lower nor an upper limit is given' : undefined
  }
  if (typeof minimum !== typeof maximum || minimum === undefined || maximum === undefined) return undefined
  return minimum > maximum ? `the lower limit ${minimum} is above the upper limit ${maximum}` : undefined
}

const compared = new Set<CheckKind>([
  'kl_divergence',
  'js_divergence',
  'l_infinity',
  'psi',
  'cramers_v',
  'chi_square_test',
  'bootstrapped_ks_test',
])

function impossibleComparison(check: Check): string | undefined {
  const { reference, partition, distribution } = check as {
    reference?: unknown
    partition?: unknown
    distribution?: unknown
  }
  const given = [reference, partition, distribution].filter((one) => one !== undefined).length
  if (compared.has(check.kind) && given !== 1) return 'either a `reference` or a `partition` is needed'
  if (check.kind === 'ks_test' && given !== 1) return 'either a `reference` or a `distribution` is needed'
  if ((check.kind === 'ks_distance' || check.kind === 'emd') && given !== 1) return 'a `reference` is needed'
  return undefined
}
