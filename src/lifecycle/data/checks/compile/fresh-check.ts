import { formatDuration } from '#contract/units'
import { quoteText } from '#platform/tables/index'
import type { CompiledCheck, TableContext } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import type { Judgement } from '../judgement.ts'
import { requireColumn, requireType, valueOf } from './columns.ts'

/**
 * How old the newest row is. A time with a zone is an instant; one without is what the clocks of `time_zone` showed, and
 * a date is its midnight there.
 */
export function freshCheck(check: CheckOf<'fresh'>, { columns, filter, now }: TableContext): CompiledCheck {
  const column = requireColumn(check.column, columns)
  requireType(column, ['date', 'timestamp'], 'a date or timestamp tells an age')
  const newest = `max(${valueOf(column)})${filter}`
  const isInstant = column.sqlType === 'TIMESTAMP WITH TIME ZONE'
  const local = `CAST(${newest} AS TIMESTAMP)`
  const instant =
    isInstant || check.time_zone === 'UTC' ? local : `timezone(${quoteText(check.time_zone)}, ${local})`
  return {
    shape: 'value',
    aggregates: [`epoch_ms(${instant})`],
    judge: ([value]) => judgeAge(check, value === null || value === undefined ? null : Number(value), now),
  }
}

/** @param newestMs epoch milliseconds */
function judgeAge({ within }: CheckOf<'fresh'>, newestMs: number | null, nowMs: number): Judgement {
  if (newestMs === null) return { outcome: 'error', found: 'no row has a value' }
  if (!Number.isFinite(newestMs)) return { outcome: 'error', found: `it is ${newestMs}` }
  const ageMs = nowMs - newestMs
  const age = ageMs >= 0 ? `${formatDuration(ageMs)} old` : `${formatDuration(-ageMs)} ahead of now`
  return {
    outcome: ageMs <= within ? 'pass' : 'fail',
    found: `the newest is from ${new Date(newestMs).toISOString()}, ${age}`,
    observed: newestMs,
  }
}
