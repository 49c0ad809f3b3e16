import { messageOf } from '#contract/errors'
import { formatDuration } from '#contract/units'
import { requireRow, type Cell, type Tables } from '#platform/tables/index'
import type { CompiledCheck, TableCheck } from './compile-check.ts'
import type { CheckResult } from './validation.ts'

export type Judgement = Pick<CheckResult, 'outcome' | 'found'> &
  Partial<Pick<CheckResult, 'considered' | 'unexpected' | 'observed'>>

interface Counts {
  readonly considered: number
  readonly unexpected: number
  /** Missing values that are NaN: missing here, and a value in SQL, so both are told. */
  readonly notANumber?: number
}

/** Passes when enough of the considered rows meet the check; where none is considered, none can fail. */
export function judgeRows(check: TableCheck, { considered, unexpected, notANumber = 0 }: Counts): Judgement {
  const mostly = 'mostly' in check ? check.mostly : 1
  const share = considered === 0 ? '' : ` (${percent(unexpected / considered)})`
  const what =
    check.kind === 'not_null' ? 'are missing' : check.kind === 'unique' ? 'are not alone' : 'do not'
  const nan = notANumber === 0 ? '' : `, ${whole(notANumber)} of them NaN`
  const found =
    considered === 0
      ? 'no row has a value'
      : unexpected === 0
        ? `all ${whole(considered)} rows`
        : `${whole(unexpected)} of ${whole(considered)} rows ${what}${share}${nan}`
  return { outcome: meets(mostly, considered, unexpected) ? 'pass' : 'fail', found, considered, unexpected }
}

/**
 * (considered - unexpected) / considered >= mostly, in whole numbers: a rounded share would let 0.9499999 pass as 0.95.
 */
export function meets(mostly: number, considered: number, unexpected: number): boolean {
  if (considered === 0) return true
  const [digits, exponent = '0'] = mostly.toString().split('e')
  const [integer = '0', fraction = ''] = (digits ?? '0').split('.')
  const scale = 10n ** BigInt(fraction.length - Number(exponent))
  return BigInt(considered - unexpected) * scale >= BigInt(integer + fraction) * BigInt(considered)
}

/** @param value as it came out of the scan: a count, a mean, or the newest time in epoch milliseconds. */
export function judgeValue(check: TableCheck, value: Cell, now: number): Judgement {
  if (value === null) return { outcome: 'error', found: 'no row has a value' }
  const observed = Number(value)
  if (!Number.isFinite(observed)) {
    return { outcome: check.kind === 'mean' ? 'fail' : 'error', found: `it is ${observed}` }
  }
  if (check.kind === 'fresh') {
    const ageMs = now - observed
    const outcome = ageMs <= check.withinMs ? 'pass' : 'fail'
    const age = ageMs >= 0 ? `${formatDuration(ageMs)} old` : `${formatDuration(-ageMs)} ahead of now`
    return { outcome, found: `the newest is from ${new Date(observed).toISOString()}, ${age}`, observed }
  }
  if (check.kind !== 'row_count' && check.kind !== 'mean' && check.kind !== 'distinct_count') {
    return { outcome: 'error', found: `${check.kind} is no check of a value` }
  }
  const { minimum, maximum } = check
  const inside =
    (minimum === undefined || observed >= minimum) && (maximum === undefined || observed <= maximum)
  return { outcome: inside ? 'pass' : 'fail', found: `it is ${number(observed)}`, observed }
}

/** Runs the one query that a check of uniqueness, or one written by the user, needs for itself. */
export async function judgeKeys(
  tables: Tables,
  check: TableCheck,
  { compiled, rows }: { compiled: CompiledCheck; rows: number },
): Promise<Judgement> {
  try {
    if (compiled.shape === 'query') {
      await requireOneSelect(tables, compiled.query)
      const counted = requireRow(await tables.rows(`SELECT count(*) AS unexpected FROM (${compiled.query})`))
      const unexpected = Number(counted['unexpected'])
      const { outcome } = judgeRows(check, { considered: rows, unexpected: Math.min(rows, unexpected) })
      const found =
        unexpected === 0 ? 'no such row' : `${whole(unexpected)} such row${unexpected === 1 ? '' : 's'}`
      return { outcome, found, considered: rows, unexpected }
    }
    if (compiled.shape !== 'keys') return { outcome: 'error', found: 'it has no query' }
    const counted = requireRow(
      await tables.rows(
        `SELECT coalesce(sum(n), 0) AS considered, coalesce(sum(n) FILTER (WHERE n > 1), 0) AS unexpected
         FROM (${keyCounts(compiled.keys)})`,
      ),
    )
    return judgeRows(check, {
      considered: Number(counted['considered']),
      unexpected: Number(counted['unexpected']),
    })
  } catch (error) {
    return { outcome: 'error', found: `it could not be computed: ${messageOf(error)}` }
  }
}

/** How often each key occurs; rows without any part of a key are left out. */
export function keyCounts(keys: readonly string[]): string {
  const some = keys.map((key) => `${key} IS NOT NULL`).join(' OR ')
  const named = keys.map((key, index) => `${key} AS k${index}`).join(', ')
  const groups = keys.map((_, index) => `k${index}`).join(', ')
  return `SELECT ${groups}, count(*) AS n FROM (SELECT ${named} FROM all_rows WHERE ${some}) GROUP BY ${groups}`
}

/** A check reads. Anything that is not exactly one SELECT is refused before it runs. */
async function requireOneSelect(tables: Tables, query: string): Promise<void> {
  const { parsed } = requireRow(
    await tables.rows('SELECT json_serialize_sql(CAST($1 AS VARCHAR)) AS parsed', [query]),
  )
  const {
    error,
    error_message: message,
    statements,
  } = JSON.parse(parsed as string) as {
    error: boolean
    error_message?: string
    statements?: unknown[]
  }
  if (error) throw new Error(message ?? 'it is not SQL')
  if (statements?.length !== 1) throw new Error('exactly one SELECT is expected')
}

function whole(count: number): string {
  return count.toLocaleString('en-US')
}

function number(value: number): string {
  return Number.isInteger(value) ? whole(value) : String(Number(value.toPrecision(6)))
}

/** Never rounds some rows to none. */
function percent(share: number): string {
  const value = share * 100
  return `${value >= 0.01 ? Number(value.toPrecision(3)) : '< 0.01'} %`
}
