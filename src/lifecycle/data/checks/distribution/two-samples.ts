import type { Tables } from '#platform/tables/index'
import { valueOf } from '../compile/columns.ts'
import { finiteOf, type Side } from './count-cells.ts'

export interface TwoSamples {
  readonly distance: number
  readonly left: number
  readonly right: number
}

/**
 * The largest gap between the distribution functions of two samples. Each function is taken at every value, equal values
 * at once (numpy.searchsorted with side="right"), so that ties do not open a gap.
 */
export async function kolmogorovDistance(tables: Tables, left: Side, right: Side): Promise<TwoSamples> {
  const value = (side: Side): string => `CAST(${valueOf(side.column)} AS DOUBLE)`
  const [row] = await tables.rows(
    `WITH ${steps(
      `SELECT ${value(left)} AS v FROM ${left.rows} WHERE ${value(left)} IS NOT NULL`,
      `SELECT ${value(right)} AS v FROM ${right.rows} WHERE ${value(right)} IS NOT NULL`,
    )}
     SELECT max(abs(a / nullif(na, 0) - b / nullif(nb, 0))) AS distance, any_value(na) AS na, any_value(nb) AS nb FROM steps`,
  )
  return {
    distance: Number(row?.['distance'] ?? 0),
    left: Number(row?.['na'] ?? 0),
    right: Number(row?.['nb'] ?? 0),
  }
}

const trimmedShare = 0.025

/**
 * Earth mover's distance of two samples without the outer 2.5 % of each on either side, on an axis from 0 to 1 between the
 * smallest and the largest value that is left: the area between the distribution functions.
 */
export async function earthMoverDistance(tables: Tables, left: Side, right: Side): Promise<TwoSamples> {
  const trimmed = ({ rows, column }: Side): string => {
    const value = finiteOf(column)
    const limits = `SELECT quantile_cont(${value}, ${trimmedShare}) AS low, quantile_cont(${value}, ${1 - trimmedShare}) AS high FROM ${rows}`
    return `SELECT v FROM (SELECT ${value} AS v FROM ${rows}), (${limits}) WHERE v BETWEEN low AND high`
  }
  const [row] = await tables.rows(
    `WITH ${steps(trimmed(left), trimmed(right))}
     SELECT coalesce(sum(abs(a / na - b / nb) * (next - v)) / nullif(max(v) - min(v), 0), 0) AS distance,
       any_value(na) AS na, any_value(nb) AS nb
     FROM (SELECT *, coalesce(lead(v) OVER (ORDER BY v), v) AS next FROM steps)`,
  )
  return {
    distance: Number(row?.['distance'] ?? 0),
    left: Number(row?.['na'] ?? 0),
    right: Number(row?.['nb'] ?? 0),
  }
}

/** Each value once: how many of both samples are at or below it, and how many there are. */
function steps(left: string, right: string): string {
  return `both_sides AS (SELECT v, 0 AS side FROM (${left}) UNION ALL SELECT v, 1 FROM (${right})),
    counted AS (SELECT v, count(*) FILTER (WHERE side = 0) AS a, count(*) FILTER (WHERE side = 1) AS b
      FROM both_sides GROUP BY v),
    steps AS (SELECT v, CAST(sum(a) OVER w AS DOUBLE) AS a, CAST(sum(b) OVER w AS DOUBLE) AS b,
      CAST((SELECT sum(a) FROM counted) AS DOUBLE) AS na, CAST((SELECT sum(b) FROM counted) AS DOUBLE) AS nb
      FROM counted WINDOW w AS (ORDER BY v))`
}
