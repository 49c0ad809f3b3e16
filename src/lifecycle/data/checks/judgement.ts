import type { Severity, RowThreshold } from './forms/form-parts.ts'
import { percentWords, wholeWords } from './words/number-words.ts'
import type { CheckResult } from './validation.ts'

/** What came of a check, without what the check is. */
export type Judgement = Pick<CheckResult, 'outcome' | 'found'> &
  Partial<Pick<CheckResult, 'considered' | 'unexpected' | 'total' | 'observed'>> & {
    /** Where a check has a limit that only warns and it was this one. */
    readonly severity?: Severity
  }

export interface RowCounts {
  readonly considered: number
  readonly unexpected: number
  /** All rows that it is about, also those that are left out as missing. */
  readonly total?: number
  /** Missing values that are NaN: missing here, and a value in SQL, so both are told. */
  readonly notANumber?: number
}

export interface RowRule {
  readonly kind: string
  readonly mostly?: number
  readonly warnAbove?: RowThreshold
  readonly failAbove?: RowThreshold
}

/**
 * Passes when enough of the considered rows meet the check; where none is considered, none can fail. A threshold that is
 * written takes the place of "all of them": with `warn_above` alone a check never fails.
 */
export function judgeRows(rule: RowRule, counts: RowCounts): Judgement {
  const { considered, unexpected, total } = counts
  const { mostly = 1, warnAbove, failAbove } = rule
  const judged = {
    found: rowsFound(rule.kind, counts),
    considered,
    unexpected,
    ...(total === undefined ? {} : { total }),
  }
  const isMostlyWritten = mostly < 1 || (warnAbove === undefined && failAbove === undefined)
  const fails =
    (isMostlyWritten && !meets(mostly, considered, unexpected)) ||
    (failAbove !== undefined && exceeds(failAbove, considered, unexpected))
  if (fails) return { outcome: 'fail', ...judged }
  const warns = warnAbove !== undefined && exceeds(warnAbove, considered, unexpected)
  return warns ? { outcome: 'fail', severity: 'warn', ...judged } : { outcome: 'pass', ...judged }
}

const verbs: Readonly<Record<string, string>> = {
  not_null: 'are missing',
  not_missing: 'are missing',
  is_null: 'have a value',
  unique: 'are not alone',
  duplicates: 'are not alone',
  no_duplicate_rows: 'are not alone',
  references: 'have no counterpart',
}

function rowsFound(kind: string, { considered, unexpected, total, notANumber = 0 }: RowCounts): string {
  if (considered === 0) return 'no row has a value'
  if (unexpected === 0) return `all ${wholeWords(considered)} rows`
  const ofAll =
    total === undefined || total === considered ? '' : `; ${percentWords(unexpected / total)} of all rows`
  const nan = notANumber === 0 ? '' : `, ${wholeWords(notANumber)} of them NaN`
  const share = `${percentWords(unexpected / considered)}${ofAll}`
  return `${wholeWords(unexpected)} of ${wholeWords(considered)} rows ${verbs[kind] ?? 'do not'} (${share})${nan}`
}

/**
 * (considered - unexpected) / considered >= mostly, in whole numbers: a rounded share would let 0.9499999 pass as 0.95.
 */
export function meets(mostly: number, considered: number, unexpected: number): boolean {
  if (considered === 0) return true
  const { digits, scale } = decimal(String(mostly))
  return BigInt(considered - unexpected) * scale >= digits * BigInt(considered)
}

/** Whether a count is above a threshold: a count, or a percentage of the considered rows, compared exactly. */
export function exceeds(threshold: RowThreshold, considered: number, unexpected: number): boolean {
  if (typeof threshold === 'number') return unexpected > threshold
  const { digits, scale } = decimal(threshold.replace(/\s?%$/, ''))
  return BigInt(unexpected) * scale * 100n > digits * BigInt(considered)
}

/** 0.95 → 95 / 100, 1e-7 → 1 / 10,000,000. */
function decimal(text: string): { digits: bigint; scale: bigint } {
  const [mantissa = '0', exponent = '0'] = text.split('e')
  const [integer = '0', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(integer + fraction), scale: 10n ** BigInt(fraction.length - Number(exponent)) }
}
