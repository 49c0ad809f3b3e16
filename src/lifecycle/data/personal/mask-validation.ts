import type { CheckResult, Sample, Validation } from '../checks/validation.ts'
import type { TypeMismatch } from '../sources/arriving-file.ts'
import type { Rejection } from '../versions/dataset-version.ts'
import { hidden, maskCell, maskRow } from './mask-cell.ts'
import { hidesAnything, ruleOf, type Masking } from './masking.ts'
import { scrubText } from './scrub-text.ts'

/** What these observe is a count or a share, not a value of some row. */
const countedKinds = new Set(['row_count', 'distinct_count', 'not_null', 'unique', 'mean', 'stdev'])

/**
 * A validation as it may be stored and shown: sample rows masked, and no value in a sentence. Columns that were masked
 * when it was stored are left as they are.
 * @param known names of the columns of the rows.
 */
export function maskValidation(
  masking: Masking,
  validation: Validation,
  known: readonly string[] = [],
): Validation {
  const now = withoutNames(masking, validation.masked ?? [])
  if (!hidesAnything(now)) return validation
  const names = new Set([...known, ...validation.checks.flatMap(({ columns }) => columns)])
  return {
    ...validation,
    checks: validation.checks.map((check) => maskCheck(now, check, names)),
    warnings: validation.warnings.map((warning) => scrubText(warning, names)),
    masked: [...new Set([...(validation.masked ?? []), ...masking.rules.keys()])].sort(),
  }
}

function withoutNames({ rules, key }: Masking, names: readonly string[]): Masking {
  return { rules: new Map([...rules].filter(([name]) => !names.includes(name))), key }
}

function maskCheck(masking: Masking, check: CheckResult, names: ReadonlySet<string>): CheckResult {
  const samples = check.samples.map((sample) => maskSample(masking, check, { sample, names }))
  const found = scrubText(check.found, names)
  const rule = check.columns.map((name) => ruleOf(masking, name)).find((each) => each !== undefined)
  const { observed, ...rest } = check
  if (rule === undefined || observed === undefined || countedKinds.has(check.kind)) {
    return { ...check, found, samples }
  }
  // A largest or newest value is the value of one row.
  return { ...rest, found: `not shown: the column is ${rule.class}`, samples }
}

function maskSample(
  masking: Masking,
  { kind }: CheckResult,
  { sample, names }: { sample: Sample; names: ReadonlySet<string> },
): Sample {
  // What a query of the user computes may hold any value under any name.
  const values =
    kind === 'sql'
      ? Object.fromEntries(
          Object.entries(sample.values).map(([name, value]) => [
            name,
            names.has(name) || value === null ? value : hidden,
          ]),
        )
      : sample.values
  return { ...sample, values: maskRow(masking, values) }
}

/** The values in it are told in sentences and samples. */
export function maskMismatch(masking: Masking, mismatch: TypeMismatch): TypeMismatch {
  const rule = ruleOf(masking, mismatch.column)
  if (rule === undefined) return mismatch
  return {
    ...mismatch,
    samples: mismatch.samples.map(({ row, value }) => ({
      row,
      value: String(maskCell(value, { rule, masking })),
    })),
  }
}

/** A rejection as it may be shown, also one that was stored before its columns had a class. */
export function maskRejection(masking: Masking, rejection: Rejection): Rejection {
  if (!hidesAnything(masking)) return rejection
  const { validation, message } = rejection
  const names = new Set(validation?.checks.flatMap(({ columns }) => columns))
  for (const { path } of rejection.files) names.add(path)
  return {
    ...rejection,
    message: scrubText(message, names),
    validation: validation === null ? null : maskValidation(masking, validation),
  }
}
