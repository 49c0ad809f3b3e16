import { formatCount } from '#contract/units'
import type { Validation } from '../checks/validation.ts'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import type { NewQuarantine } from './set-rows-aside.ts'

const toldReasons = 3

/** A validation that also tells what was kept out. */
export function withQuarantine(validation: Validation, quarantine: NewQuarantine | undefined): Validation {
  if (quarantine === undefined) return validation
  const { rows, name } = quarantine
  const what = `${formatCount(rows)} ${rows === 1 ? 'row' : 'rows'} of ${name} ${rows === 1 ? 'is' : 'are'} in quarantine`
  return {
    ...validation,
    outcome: validation.outcome === 'pass' ? 'warn' : validation.outcome,
    quarantined: rows,
    warnings: [...validation.warnings, `${what}: ${reasonsOf(quarantine)}`],
  }
}

/** With nothing left there is no version beside which the rows could be kept. */
export function allAside(files: readonly ArrivingFile[], quarantine: NewQuarantine) {
  const [first, ...others] = files
  const subject = others.length === 0 ? (first?.name ?? '') : `${files.length} files`
  return {
    accepted: false,
    validation: null,
    code: 'validation_failed',
    message: `Every row of ${subject} would be put in quarantine: ${reasonsOf(quarantine)}.`,
    hint: 'Correct the data and add it again, or change the contract or the expectation in devmlops.yaml.',
  } as const
}

function reasonsOf({ reasons }: NewQuarantine): string {
  const told = reasons
    .slice(0, toldReasons)
    .map(
      ({ rule, column, rows }) =>
        `${rule.includes(column) ? '' : `column "${column}": `}${rule} (${formatCount(rows)})`,
    )
  return `${told.join('; ')}${reasons.length > toldReasons ? `; and ${reasons.length - toldReasons} more reasons` : ''}`
}
