import { formatCount } from '#contract/units'
import { quoteName, requireRow } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { commonColumns, rowHash, shareText, type LeakContext } from './leak-context.ts'
import type { Leak } from './leakage-report.ts'

/** Beyond this share of the test rows an evaluation measures memory. */
const tolerable = 0.01

/** Rows that stand on both sides, the same features with another label, and rows that stand twice. */
export async function rowLeaks(context: LeakContext): Promise<Leak[]> {
  const leaks: Leak[] = []
  leaks.push(...(await conflicting(context)), ...(await duplicated(context)))
  if (context.test === undefined) return leaks
  const { train, key, label } = context
  const features = commonColumns(context, context.features)
  const usable = train.columns.filter(({ type }) => type !== 'other')
  const whole = commonColumns(context, usable)
  if (whole.length === 0) return leaks
  const same = await sharedRows(context, whole)
  if (same > 0) leaks.push(sharedLeak(context, 'shared_rows', same))
  const alike = features.length === 0 ? 0 : await sharedRows(context, features)
  if (alike > same) leaks.push(sharedLeak(context, 'shared_features', alike))
  const keys = commonColumns(
    context,
    train.columns.filter(({ name }) => key.includes(name)),
  )
  if (keys.length > 0 && keys.length === key.length) {
    const shared = await sharedRows(context, keys)
    if (shared > 0) {
      leaks.push({
        kind: 'shared_keys',
        severity: 'error',
        columns: [...key],
        message: `${formatCount(shared)} test rows have a ${key.join(' and ')} that occurs in training (${shareText(shared, context.test.rows)}): split by it, or ${label.name} is partly remembered`,
        rows: shared,
      })
    }
  }
  return leaks
}

async function sharedRows({ tables, train, test }: LeakContext, columns: readonly Column[]): Promise<number> {
  const hash = rowHash(columns)
  const found = await tables.rows(
    `SELECT count(*) AS n FROM ${test?.relation ?? ''} WHERE ${hash} IN (SELECT ${hash} FROM ${train.relation})`,
  )
  return Number(requireRow(found)['n'])
}

function sharedLeak(context: LeakContext, kind: 'shared_rows' | 'shared_features', rows: number): Leak {
  const total = context.test?.rows ?? 0
  const what = kind === 'shared_rows' ? 'stand in training too' : 'have the features of a training row'
  return {
    kind,
    severity: rows > tolerable * total ? 'error' : 'warning',
    columns: [],
    message: `${formatCount(rows)} of ${formatCount(total)} test rows ${what} (${shareText(rows, total)})`,
    rows,
  }
}

async function conflicting({ tables, train, features, label }: LeakContext): Promise<Leak[]> {
  // A measured quantity differs from row to row whatever the features are.
  if (features.length === 0 || label.type === 'number') return []
  const found = await tables.rows(
    `SELECT coalesce(sum(n), 0) AS rows, count(*) AS groups FROM (
       SELECT count(*) AS n FROM (SELECT ${rowHash(features)} AS h, ${quoteName(label.name)} AS y FROM ${train.relation})
       WHERE y IS NOT NULL GROUP BY h HAVING count(DISTINCT y) > 1)`,
  )
  const { rows, groups } = requireRow(found)
  if (Number(rows) === 0) return []
  return [
    {
      kind: 'conflicting_labels',
      severity: 'warning',
      columns: [label.name],
      message: `${formatCount(Number(rows))} training rows in ${formatCount(Number(groups))} group${Number(groups) === 1 ? '' : 's'} have the same features and another ${label.name} (${shareText(Number(rows), train.rows)}): no model can get all of them right`,
      rows: Number(rows),
    },
  ]
}

async function duplicated({ tables, train }: LeakContext): Promise<Leak[]> {
  const columns = train.columns.filter(({ type }) => type !== 'other')
  const found = await tables.rows(
    `SELECT count(*) - count(DISTINCT ${rowHash(columns)}) AS repeated FROM ${train.relation}`,
  )
  const repeated = Number(requireRow(found)['repeated'])
  if (repeated === 0) return []
  return [
    {
      kind: 'duplicate_rows',
      severity: 'warning',
      columns: [],
      message: `${formatCount(repeated)} training rows repeat another one (${shareText(repeated, train.rows)}): a random split puts some on both sides`,
      rows: repeated,
    },
  ]
}
