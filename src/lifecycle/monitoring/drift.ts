import type { CategoryProfile, ColumnProfile, NumberProfile, TableProfile } from '#lifecycle/data/index'
import { benjaminiHochberg } from '#platform/statistics/distributions'
import { compareCells, homogeneityPValue, type CellComparison } from './cell-statistics.ts'
import { comparableCells } from './comparable-cells.ts'
import type { ColumnDrift, DriftCheck } from './findings.ts'
import type { DriftSettings } from './settings.ts'
import { countWords, percent, pValueWords, shortNumber } from './figures.ts'
import { describeUnitChange } from './unit-change.ts'

/*
 * The rule, in one place. Every watched column takes up to four checks, each an effect with a p-value:
 *
 *   distribution     population stability index (or Jensen-Shannon distance) over the reference's cells; G-test
 *   missing          change of the share of missing and infinite values; G-test of the 2 × 2 table
 *   new_categories   share of values in categories that the reference never had; G-test against its rare categories
 *   out_of_range     share of numbers below its minimum or above its maximum; G-test against its own two extremes
 *
 * A column has drifted if for any of its checks
 *
 *   effect >= threshold   AND   p <= alpha, adjusted over all checks of the window   AND   rows >= minimum_rows
 *
 * The effect keeps large windows quiet, where every trifle is significant; the p-value keeps small windows quiet, where
 * chance makes large effects. The statistic never changes with the size of a sample.
 */

export interface DriftInput {
  readonly reference: TableProfile
  /** Counted on the edges and levels of `reference`. */
  readonly window: TableProfile
  readonly settings: DriftSettings
}

interface Pair<Profile extends ColumnProfile> {
  readonly reference: Profile
  readonly window: Profile
}

type Finding = Omit<DriftCheck, 'adjustedPValue' | 'breached'>

interface Examined {
  readonly column: string
  readonly n: number
  readonly nReference: number
  readonly comparison: CellComparison | undefined
  readonly findings: readonly Finding[]
  /** Why nothing can be said, if nothing can. */
  readonly unknown: string | undefined
}

/** One result for each watched column of the reference, in its order. O(cells), whatever the number of rows. */
export function judgeDrift({ reference, window, settings }: DriftInput): ColumnDrift[] {
  const examined = Object.keys(reference.columns)
    .filter((column) => isWatched(column, settings))
    .map((column) => examine(column, { reference, window, settings }))
  const findings = examined.flatMap((one) => one.findings)
  const adjusted = benjaminiHochberg(findings.map((finding) => finding.pValue))
  const checks = new Map(
    findings.map((finding, index) => {
      const adjustedPValue = adjusted[index] as number
      const breached = finding.effect >= finding.threshold && adjustedPValue <= settings.alpha
      return [finding, { ...finding, adjustedPValue, breached }] as const
    }),
  )
  return examined.map((one) =>
    conclude(
      one,
      one.findings.map((finding) => checks.get(finding) as DriftCheck),
    ),
  )
}

export function isWatched(column: string, { columns, ignore }: DriftSettings): boolean {
  return (columns === 'all' || columns.includes(column)) && !ignore.includes(column)
}

function examine(column: string, { reference, window, settings }: DriftInput): Examined {
  const pair = { reference: reference.columns[column] as ColumnProfile, window: window.columns[column] }
  const rows = { n: window.rows, nReference: reference.rows }
  const nothing = { column, ...rows, comparison: undefined, findings: [] }
  if (pair.window === undefined) return { ...nothing, unknown: 'the window has no such column' }
  if (Math.min(rows.n, rows.nReference) < settings.minimum_rows) {
    const side =
      rows.n < settings.minimum_rows
        ? `${countWords(rows.n)} rows`
        : `a reference of ${countWords(rows.nReference)} rows`
    return {
      ...nothing,
      unknown: `not judged on ${side}: at least ${countWords(settings.minimum_rows)} are needed`,
    }
  }
  const { reference: before, window: now } = pair
  const comparison = compareCells(comparableCells(before, now))
  const findings = [missingFinding({ reference: before, window: now }, settings)]
  if (Math.min(before.count, now.count) >= settings.minimum_rows) {
    findings.unshift(distributionFinding({ reference: before, window: now }, comparison, settings))
    if (before.kind === 'number' && now.kind === 'number') {
      findings.push(rangeFinding({ reference: before, window: now }, settings))
    }
    if (before.kind === 'category' && now.kind === 'category') {
      findings.push(newCategoriesFinding({ reference: before, window: now }, settings))
    }
  }
  return { column, ...rows, comparison, findings, unknown: undefined }
}

function distributionFinding(
  { reference, window }: Pair<ColumnProfile>,
  comparison: CellComparison,
  { statistic, threshold }: DriftSettings,
): Finding {
  const effect = statistic === 'psi' ? comparison.psi : comparison.jensenShannon
  const shifts: string[] = []
  if (reference.kind === 'number' && window.kind === 'number')
    shifts.push(...meanWords({ reference, window }))
  if (comparison.largest !== undefined) {
    const { label, window: now, reference: before } = comparison.largest
    shifts.push(`${label} is ${percent(now)} of the values against ${percent(before)}`)
  }
  return {
    check: 'distribution',
    statistic,
    effect,
    threshold,
    pValue: comparison.pValue,
    reason: shifts.join('; '),
  }
}

function meanWords({ reference, window }: Pair<NumberProfile>): string[] {
  const means = `mean ${shortNumber(window.mean)} against ${shortNumber(reference.mean)} in the reference`
  const ratio = window.mean / reference.mean
  const times = ratio > 0 && Math.abs(Math.log(ratio)) > 0.1 ? `, ${Number(ratio.toPrecision(3))} times` : ''
  const unit = describeUnitChange(reference, window)
  return [`${means}${times}`, ...(unit === undefined ? [] : [unit])]
}

function missingFinding({ reference, window }: Pair<ColumnProfile>, { missing }: DriftSettings): Finding {
  const before = unusable(reference)
  const now = unusable(window)
  const shares = [shareOf(now, now + window.count), shareOf(before, before + reference.count)] as const
  return {
    check: 'missing',
    statistic: 'share',
    effect: Math.abs(shares[0] - shares[1]),
    threshold: missing,
    pValue: homogeneityPValue([before, reference.count], [now, window.count]),
    reason: `${percent(shares[0])} of the values are missing against ${percent(shares[1])} in the reference`,
  }
}

function unusable(profile: ColumnProfile): number {
  return profile.missing + (profile.kind === 'number' ? profile.infinite : 0)
}

/** Turing's estimate: the share of categories yet unseen is that of the categories seen once (Good, Biometrika 40, 1953). */
function newCategoriesFinding(
  { reference, window }: Pair<CategoryProfile>,
  { new_categories }: DriftSettings,
): Finding {
  const once = reference.counts.filter((count) => count === 1).length
  const { count, levels } = window.unseen
  const names = levels.slice(0, 3).map((entry) => `"${entry.level}"`)
  const named = names.length < levels.length ? `${names.join(', ')} and others` : names.join(', ')
  return {
    check: 'new_categories',
    statistic: 'share',
    effect: shareOf(count, window.count),
    threshold: new_categories,
    pValue: homogeneityPValue([once, reference.count - once], [count, window.count - count]),
    reason:
      count === 0
        ? 'no new categories'
        : `${percent(shareOf(count, window.count))} of the values are in categories that the reference does not have: ${named}`,
  }
}

/** A reference's minimum and maximum lie outside the rest of it: of its own rows, two are what its range would miss. */
function rangeFinding({ reference, window }: Pair<NumberProfile>, { out_of_range }: DriftSettings): Finding {
  const below = window.counts[0] as number
  const above = window.counts.at(-1) as number
  const outside = below + above
  const range = `${shortNumber(reference.min ?? 0)} to ${shortNumber(reference.max ?? 0)}`
  const side = below === 0 ? 'above' : above === 0 ? 'below' : 'outside'
  return {
    check: 'out_of_range',
    statistic: 'share',
    effect: shareOf(outside, window.count),
    threshold: out_of_range,
    pValue: homogeneityPValue([2, reference.count - 2], [outside, window.count - outside]),
    reason:
      outside === 0
        ? `all values in the range of the reference, ${range}`
        : `${percent(shareOf(outside, window.count))} of the values are ${side} the range of the reference, ${range}`,
  }
}

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

function conclude(one: Examined, checks: readonly DriftCheck[]): ColumnDrift {
  const breached = checks.filter((check) => check.breached)
  const drifted = breached.length > 0
  return {
    column: one.column,
    verdict: one.unknown !== undefined ? 'unknown' : drifted ? 'breached' : 'clean',
    drifted,
    n: one.n,
    nReference: one.nReference,
    psi: one.comparison?.psi ?? null,
    jensenShannon: one.comparison?.jensenShannon ?? null,
    checks: [...checks],
    reason:
      one.unknown ??
      `${one.column}: ${(drifted ? breached.map(breachWords) : checks.slice(0, 1).map(calmWords)).join('. Also ')}`,
  }
}

const statisticWords = { psi: 'PSI', jensen_shannon: 'Jensen-Shannon distance', share: 'share' } as const

function breachWords({ statistic, effect, threshold, adjustedPValue, reason }: DriftCheck): string {
  const size = statistic === 'share' ? 'change of' : statisticWords[statistic]
  return `${reason} (${size} ${shortNumber(effect)}, threshold ${threshold}, adjusted ${pValueWords(adjustedPValue)})`
}

function calmWords({ statistic, effect, threshold, adjustedPValue }: DriftCheck): string {
  const found = `${statisticWords[statistic]} ${shortNumber(effect)}`
  if (effect < threshold) return `${found} is below the threshold of ${threshold}`
  return `${found} may be chance: adjusted ${pValueWords(adjustedPValue)}`
}
