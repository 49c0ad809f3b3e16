import { formatCount } from '#contract/units'
import { quoteName, requireRow } from '#platform/tables/index'
import { shareText, type LeakContext } from './leak-context.ts'
import type { Leak } from './leakage-report.ts'

/** Test rows must lie after the training rows, as tomorrow does. */
export async function timeLeaks({ tables, train, test, time }: LeakContext): Promise<Leak[]> {
  if (time === undefined || test === undefined) return []
  const at = `CAST(${quoteName(time)} AS TIMESTAMP)`
  const row = requireRow(
    await tables.rows(
      `WITH train AS (SELECT ${at} AS t FROM ${train.relation}), test AS (SELECT ${at} AS t FROM ${test.relation}),
         train_days AS (SELECT DISTINCT CAST(t AS DATE) AS day FROM train WHERE t IS NOT NULL),
         test_days AS (SELECT DISTINCT CAST(t AS DATE) AS day FROM test WHERE t IS NOT NULL)
       SELECT (SELECT count(t) FROM test) AS known,
         (SELECT count(*) FROM test WHERE t <= (SELECT max(t) FROM train)) AS early,
         (SELECT count(*) FROM test WHERE t < (SELECT min(t) FROM train)) AS before,
         (SELECT count(*) FROM test_days) AS days,
         (SELECT count(*) FROM test_days SEMI JOIN train_days USING (day)) AS shared,
         (SELECT CAST(max(t) AS VARCHAR) FROM train) AS last`,
    ),
  )
  const [known, early, before, days, shared] = ['known', 'early', 'before', 'days', 'shared'].map((name) =>
    Number(row[name]),
  ) as [number, number, number, number, number]
  const leaks: Leak[] = []
  if (early > 0) {
    const which =
      before === early
        ? 'before the training begins'
        : `not after the last training row (${row['last'] as string})`
    leaks.push({
      kind: 'time_order',
      severity: 'error',
      columns: [time],
      message: `${formatCount(early)} of ${formatCount(known)} test rows lie ${which} (${shareText(early, known)}): the model has seen their future`,
      rows: early,
    })
  }
  if (shared > 0) {
    leaks.push({
      kind: 'shared_dates',
      severity: 'warning',
      columns: [time],
      message: `${formatCount(shared)} of ${formatCount(days)} days of the test rows are days of training: what happened on a day is known`,
      rows: shared,
    })
  }
  return leaks
}
