import type { Column } from './column-type.ts'
import { widenColumn } from './widen-column.ts'
import type { CheckResult, Validation } from '../checks/validation.ts'

/** The columns of a version and of rows appended to it, each wide enough for the values of both. */
export function mergeColumns(before: readonly Column[], arriving: readonly Column[]): Column[] {
  const merged = new Map(before.map((column) => [column.name, column]))
  for (const column of arriving) {
    const known = merged.get(column.name)
    merged.set(column.name, known === undefined ? column : widenColumn(known, column))
  }
  return [...merged.values()]
}

const keptSamples = 5

/** The results of several arrivals that become one version. */
export function mergeValidations(validations: readonly Validation[]): Validation {
  const [first, ...others] = validations
  if (first !== undefined && others.length === 0) return first
  const groups = new Map<string, CheckResult[]>()
  for (const check of validations.flatMap(({ checks }) => checks)) {
    const key = `${check.kind} ${check.severity} ${check.expected}`
    groups.set(key, [...(groups.get(key) ?? []), check])
  }
  const masked = [...new Set(validations.flatMap(({ masked = [] }) => masked))].sort()
  return {
    outcome: validations.some(({ outcome }) => outcome !== 'pass') ? 'warn' : 'pass',
    rows: validations.reduce((sum, { rows }) => sum + rows, 0),
    checks: [...groups.values()].map(mergeChecks),
    warnings: validations.flatMap(({ warnings }) => warnings),
    ...(masked.length === 0 ? {} : { masked }),
  }
}

function mergeChecks(checks: readonly CheckResult[]): CheckResult {
  const [first, ...others] = checks as [CheckResult, ...CheckResult[]]
  if (others.length === 0) return first
  const missed = checks.filter(({ outcome }) => outcome !== 'pass')
  // A figure of one arrival, and shares of its rows, say nothing of all.
  const { observed: _observed, total: _total, percentOfTotal: _of, ...merged } = missed[0] ?? first
  const counted = checks.every(
    ({ considered, unexpected }) => considered !== undefined && unexpected !== undefined,
  )
  return {
    ...merged,
    ...(counted ? mergedCounts(checks) : {}),
    found:
      missed.length === 0
        ? `in each of ${checks.length} arrivals`
        : `in ${missed.length} of ${checks.length} arrivals not; first: ${merged.found}`,
    samples: checks.flatMap(({ samples }) => samples).slice(0, keptSamples),
  }
}

function mergedCounts(checks: readonly CheckResult[]) {
  const considered = checks.reduce((sum, check) => sum + (check.considered ?? 0), 0)
  const unexpected = checks.reduce((sum, check) => sum + (check.unexpected ?? 0), 0)
  return {
    considered,
    unexpected,
    percentOfConsidered: considered === 0 ? 0 : (unexpected / considered) * 100,
  }
}
