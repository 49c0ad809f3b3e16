import type { Tables } from '#platform/tables/index'
import { isNumeric, hasValue, valueOf } from '../compile/columns.ts'
import { Uncheckable } from '../compiled-check.ts'
import type { Column } from '../../rows/column-type.ts'

interface PowerRequest {
  readonly feature: Column
  readonly label: Column
  /** After FROM. */
  readonly rows: string
}

const sampledRows = 100_000
const cells = 32
/** A numeric label with more different values than this is a quantity, not a class. */
const mostClasses = 20

/**
 * How well one column alone predicts another, from 0 (no better than always guessing the same) to 1 (always right): the gain
 * over the best constant guess, as the predictive power score has it (Wetschoreck, Krabel and Krishnamurthy 2020). The
 * predictor is the most frequent class, or the median, of the rows with the same value (numbers: in the same of 32 cells)
 * in the other half of the rows, so that a column of names for single rows predicts nothing.
 */
export async function predictivePower(tables: Tables, request: PowerRequest): Promise<number> {
  const { feature, label, rows } = request
  const target = valueOf(label)
  const [facts] = await tables.rows(
    `SELECT count(${target}) AS n, approx_count_distinct(${target}) AS classes FROM ${rows}`,
  )
  if (Number(facts?.['n'] ?? 0) < 2) throw new Uncheckable(`fewer than two rows have a "${label.name}"`)
  const isQuantity = isNumeric(label) && Number(facts?.['classes']) > mostClasses
  const x = isNumeric(feature)
    ? `CASE WHEN ${hasValue(feature)} THEN ntile(${cells}) OVER (PARTITION BY ${hasValue(feature)} ORDER BY ${valueOf(feature)}) END`
    : valueOf(feature)
  const y = isQuantity ? `CAST(${target} AS DOUBLE)` : `CAST(${target} AS VARCHAR)`
  const sampled = `SELECT * FROM ${rows} WHERE ${hasValue(label)} USING SAMPLE reservoir(${sampledRows} ROWS) REPEATABLE (0)`
  // Equal numbers stand in one cell: what a cell boundary cuts apart would be told apart by nothing.
  const cellOf = isNumeric(feature) ? 'min(x) OVER (PARTITION BY v)' : 'x'
  const [row] = await tables.rows(
    `WITH placed AS (SELECT ${y} AS y, ${x} AS x, ${valueOf(feature)} AS v,
         CAST(hash(row_number() OVER ()) % 2 AS INTEGER) AS fold FROM (${sampled})),
       base AS (SELECT y, fold, ${cellOf} AS x FROM placed),
       ${isQuantity ? medians : modes}
     SELECT ${isQuantity ? 'avg(abs(guess - y)) AS model, avg(abs(constant - y)) AS naive' : 'avg(CAST(guess <> y AS INTEGER)) AS model, avg(CAST(constant <> y AS INTEGER)) AS naive'}
     FROM (SELECT base.y, naive.guess AS constant, coalesce(model.guess, naive.guess) AS guess FROM base
       JOIN naive ON naive.fold = 1 - base.fold
       LEFT JOIN model ON model.fold = 1 - base.fold AND model.x IS NOT DISTINCT FROM base.x)`,
  )
  const [model, naive] = [Number(row?.['model'] ?? 0), Number(row?.['naive'] ?? 0)]
  return naive === 0 ? 0 : Math.max(0, 1 - model / naive)
}

const modes = `counted AS (SELECT fold, x, y, count(*) AS n FROM base GROUP BY ALL),
  model AS (SELECT fold, x, arg_max(y, (n, y)) AS guess FROM counted GROUP BY fold, x),
  totals AS (SELECT fold, y, sum(n) AS n FROM counted GROUP BY fold, y),
  naive AS (SELECT fold, arg_max(y, (n, y)) AS guess FROM totals GROUP BY fold)`

const medians = `model AS (SELECT fold, x, median(y) AS guess FROM base GROUP BY fold, x),
  naive AS (SELECT fold, median(y) AS guess FROM base GROUP BY fold)`
