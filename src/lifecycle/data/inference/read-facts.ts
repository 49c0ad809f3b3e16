import { quoteName, requireRow, type Tables } from '#platform/tables/index'
import type { VersionProfile } from '../profiles/version-profile.ts'
import type { TimeFacts } from './infer-suite.ts'
import { numberRange } from './number-range.ts'

/** What a profile does not tell: how times follow each other, and how many values lie outside of a range. */
export async function readFacts(
  tables: Tables,
  {
    relation,
    profile,
    time,
    nowMs,
  }: { relation: string; profile: VersionProfile; time: string | undefined; nowMs: number },
): Promise<{ time: TimeFacts | undefined; outside: ReadonlyMap<string, number> }> {
  const ranges = profile.columns.flatMap((column) => {
    const isNumber = column.type === 'integer' || column.type === 'number'
    const range = isNumber && column.masked === undefined ? numberRange(column) : undefined
    return range === undefined ? [] : [{ name: column.name, range }]
  })
  const outside = new Map<string, number>()
  if (ranges.length > 0) {
    const counts = ranges.map(({ name, range: { minimum, maximum } }, index) => {
      const column = quoteName(name)
      return `count(*) FILTER (WHERE NOT isnan(CAST(${column} AS DOUBLE)) AND ${column} NOT BETWEEN ${minimum} AND ${maximum}) AS c${index}`
    })
    const row = requireRow(await tables.rows(`SELECT ${counts.join(', ')} FROM ${relation}`))
    for (const [index, { name }] of ranges.entries()) outside.set(name, Number(row[`c${index}`]))
  }
  const column = profile.columns.find(
    ({ name, type }) => name === time && (type === 'timestamp' || type === 'date'),
  )
  if (column === undefined) return { time: undefined, outside }
  const at = `epoch_ms(CAST(${quoteName(column.name)} AS TIMESTAMP))`
  const row = requireRow(
    await tables.rows(
      `WITH times AS (SELECT DISTINCT ${at} AS t FROM ${relation} WHERE ${quoteName(column.name)} IS NOT NULL)
       SELECT min(t) AS oldest, max(t) AS newest, quantile_disc(gap, 0.99) AS gap
       FROM (SELECT t, t - lag(t) OVER (ORDER BY t) AS gap FROM times)`,
    ),
  )
  if (row['newest'] === null) return { time: undefined, outside }
  const facts = {
    column: column.name,
    newestMs: Number(row['newest']),
    oldestMs: Number(row['oldest']),
    gapMs: Number(row['gap'] ?? 0),
    nowMs,
  }
  return { time: facts, outside }
}
