import { requireRow, type Tables } from '#platform/tables/index'
import { isOfTheMachine } from '../rows/read-failure.ts'
import type { PreparedCheck } from './compile-check.ts'
import { Uncheckable, type Counting, type RowsCheck } from './compiled-check.ts'
import { numberedRows } from './failing-rows.ts'
import { judgeKeys } from './judge-keys.ts'
import { judgeQuery } from './judge-query.ts'
import { judgeRows, type Judgement, type RowCounts } from './judgement.ts'
import type { Scanned } from './scan.ts'
import { uncomputed } from './uncomputed.ts'

/** Aggregates that the common scan computes for a check. */
export function aggregatesOf({ compiled, context }: PreparedCheck): readonly string[] {
  if (compiled.shape === 'value') return compiled.aggregates
  if (compiled.shape !== 'rows' || compiled.from !== undefined) return []
  return countingOf(compiled, context).aggregates
}

function countingOf(compiled: RowsCheck, { filter, where }: PreparedCheck['context']): Counting {
  return compiled.counting?.(filter) ?? { aggregates: rowAggregates(compiled, where), counts: countsOf }
}

function rowAggregates({ considered, unexpected, isNaN }: RowsCheck, where: string): string[] {
  const all = where === 'true' ? 'count(*)' : `count(*) FILTER (WHERE ${where})`
  const some = where === 'true' ? considered : `${considered} AND ${where}`
  return [
    considered === 'true' ? all : `count(*) FILTER (WHERE ${some})`,
    `count(*) FILTER (WHERE ${some} AND ${unexpected})`,
    all,
    ...(isNaN === undefined ? [] : [`count(*) FILTER (WHERE ${isNaN} AND ${where})`]),
  ]
}

/** Judges a check by what the scan found, or by the query that it needs for itself. */
export async function runCheck(
  tables: Tables,
  prepared: PreparedCheck,
  scanned: Pick<Scanned, 'rows' | 'values'>,
): Promise<Judgement> {
  const { check, compiled, context } = prepared
  const valueOf = (aggregate: string) => scanned.values.get(aggregate) ?? null
  try {
    switch (compiled.shape) {
      case 'error':
        return { outcome: 'error', found: compiled.reason }
      case 'settled':
        return compiled.judgement
      case 'value':
        return compiled.judge(compiled.aggregates.map(valueOf))
      case 'rows': {
        if (compiled.from !== undefined) return await judgeJoined(tables, prepared, compiled)
        const { aggregates, counts } = countingOf(compiled, context)
        return judgeRows(check, counts(aggregates.map((aggregate) => Number(valueOf(aggregate) ?? 0))))
      }
      case 'keys':
        return await judgeKeys(tables, prepared, compiled)
      case 'query':
        return await judgeQuery(tables, check, { compiled, rows: scanned.rows })
      case 'figure':
        return await compiled.compute(tables)
    }
  } catch (error) {
    if (isOfTheMachine(error)) throw error
    if (error instanceof Uncheckable) return { outcome: 'error', found: error.message }
    return { outcome: 'error', found: uncomputed(error) }
  }
}

/** Conditions that need more than the row itself: its neighbours, the other table, the mean of all. */
async function judgeJoined(
  tables: Tables,
  { check, context }: PreparedCheck,
  compiled: RowsCheck,
): Promise<Judgement> {
  await compiled.prepare?.(tables)
  const aggregates = rowAggregates(compiled, 'true')
  const list = aggregates.map((aggregate, index) => `${aggregate} AS a${index}`).join(', ')
  const rows =
    compiled.numbered === true ? `(SELECT * FROM ${numberedRows} WHERE ${context.where})` : context.rows
  const from = compiled.from?.(rows) ?? rows
  const row = requireRow(await tables.rows(`SELECT ${list} FROM ${from}`))
  return judgeRows(check, countsOf(aggregates.map((_, index) => Number(row[`a${index}`] ?? 0))))
}

function countsOf([considered = 0, unexpected = 0, total = 0, notANumber = 0]: readonly number[]): RowCounts {
  return { considered, unexpected, total, notANumber }
}
