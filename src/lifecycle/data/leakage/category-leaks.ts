import { formatCount } from '#contract/units'
import { quoteName, quoteText, requireRow } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { powerOf } from './label-leaks.ts'
import { commonColumns, isNumber, shareText, type LeakContext } from './leak-context.ts'
import type { Leak } from './leakage-report.ts'

const maximumCategories = 1000
const shownValues = 5
const maximumClasses = 50
/** As Deepchecks has it: more is another relation, not luck. */
const powerChange = 0.2

/** What the test rows have and the training rows have not: labels, categories, and another power of a feature. */
export async function categoryLeaks(
  context: LeakContext,
  powers: ReadonlyMap<string, number>,
): Promise<Leak[]> {
  const { test, label, features } = context
  if (test === undefined) return []
  const leaks: Leak[] = []
  const hasLabel = test.columns.some(({ name }) => name === label.name)
  const renamed = hasLabel ? await newLabels(context, leaks) : undefined
  for (const column of commonColumns(context, features)) {
    if (column.type === 'text') leaks.push(...(await newCategories(context, column)))
  }
  if (hasLabel) leaks.push(...(await changedPowers(context, powers, renamed)))
  return leaks
}

interface CountedLevel {
  readonly level: string
  readonly n: number
}

async function newLevels(context: LeakContext, column: Column): Promise<CountedLevel[] | undefined> {
  const { tables, train, test } = context
  const value = `CAST(${quoteName(column.name)} AS VARCHAR)`
  const count = requireRow(
    await tables.rows(`SELECT approx_count_distinct(${value}) AS n FROM ${train.relation}`),
  )
  if (Number(count['n']) > maximumCategories) return undefined
  const rows = await tables.rows(
    `SELECT level, n FROM (SELECT ${value} AS level, count(*) AS n FROM ${test?.relation ?? ''} WHERE ${value} IS NOT NULL GROUP BY 1)
     WHERE level NOT IN (SELECT ${value} FROM ${train.relation} WHERE ${value} IS NOT NULL) ORDER BY n DESC, level`,
  )
  return rows.map(({ level, n }) => ({ level: level as string, n: Number(n) }))
}

/** Pairs of a test label and the training label that it is but for its spelling. */
type Renamed = ReadonlyMap<string, string>

async function newLabels(context: LeakContext, leaks: Leak[]): Promise<Renamed | undefined> {
  const { tables, train, label, test } = context
  const value = `CAST(${quoteName(label.name)} AS VARCHAR)`
  const known = (
    await tables.rows(
      `SELECT DISTINCT ${value} AS level FROM ${train.relation} WHERE ${value} IS NOT NULL LIMIT ${maximumClasses + 1}`,
    )
  ).map(({ level }) => level as string)
  // A number has always new values; they are no new classes.
  if (known.length > maximumClasses) return undefined
  const fresh = await newLevels(context, label)
  if (fresh === undefined || fresh.length === 0) return undefined
  const plain = (text: string): string =>
    text
      .trim()
      .toLowerCase()
      .replaceAll(/^[\s.,;:'"]+|[\s.,;:'"]+$/g, '')
  const same = new Map(
    fresh.flatMap(({ level }): [string, string][] => {
      const original = known.find((one) => plain(one) === plain(level))
      return original === undefined ? [] : [[level, original]]
    }),
  )
  const rows = fresh.reduce((sum, { n }) => sum + n, 0)
  const tell = (text: string): string => (context.isMasked(label.name) ? '(masked)' : JSON.stringify(text))
  const named = fresh.slice(0, shownValues).map(({ level, n }) => {
    const original = same.get(level)
    return `${tell(level)} in ${formatCount(n)} rows${original === undefined ? '' : ` (${tell(original)} in training)`}`
  })
  const all = rows === test?.rows ? 'every test row' : `${formatCount(rows)} test rows`
  const why = same.size === fresh.length ? ': the same labels, spelled otherwise' : ''
  leaks.push({
    kind: 'new_labels',
    severity: 'error',
    columns: [label.name],
    message: `${all} ${rows === test?.rows ? 'has' : 'have'} a ${label.name} that training never has${why}: ${named.join(', ')}`,
    rows,
  })
  return same.size === fresh.length ? same : undefined
}

async function newCategories(context: LeakContext, column: Column): Promise<Leak[]> {
  const fresh = await newLevels(context, column)
  if (fresh === undefined || fresh.length === 0) return []
  const rows = fresh.reduce((sum, { n }) => sum + n, 0)
  const shown = context.isMasked(column.name)
    ? `${fresh.length} values`
    : fresh
        .slice(0, shownValues)
        .map(({ level, n }) => `${JSON.stringify(level)} in ${formatCount(n)}`)
        .join(', ')
  const more = fresh.length > shownValues ? ` and ${fresh.length - shownValues} more` : ''
  return [
    {
      kind: 'new_categories',
      severity: 'warning',
      columns: [column.name],
      message: `${column.name} of ${formatCount(rows)} test rows does not occur in training (${shareText(rows, context.test?.rows ?? 0)}): ${shown}${more}`,
      rows,
    },
  ]
}

async function changedPowers(
  context: LeakContext,
  powers: ReadonlyMap<string, number>,
  renamed: Renamed | undefined,
): Promise<Leak[]> {
  const { test, label } = context
  if (test === undefined) return []
  const name = quoteName(label.name)
  const cases = [...(renamed ?? [])].map(([from, to]) => `WHEN ${quoteText(from)} THEN ${quoteText(to)}`)
  const relation =
    cases.length === 0
      ? test.relation
      : `(SELECT * REPLACE (CASE ${name} ${cases.join(' ')} ELSE ${name} END AS ${name}) FROM ${test.relation})`
  const types = new Map(test.columns.map((column) => [column.name, column]))
  const own = types.get(label.name) as Column
  if (isNumber(own) !== isNumber(label)) return []
  const leaks: Leak[] = []
  for (const [feature, before] of powers) {
    const column = types.get(feature)
    if (column === undefined) continue
    const after = await powerOf({ tables: context.tables, label: own }, column, relation)
    if (after === undefined || Math.abs(after - before) <= powerChange) continue
    leaks.push({
      kind: 'changed_power',
      severity: 'warning',
      columns: [feature],
      message: `${feature} predicts ${label.name} with ${before.toFixed(2)} in training and ${after.toFixed(2)} in the test rows`,
    })
  }
  return leaks
}
