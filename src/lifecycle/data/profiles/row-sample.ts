import { quoteName, type Tables } from '#platform/tables/index'
import type { Column } from '../rows/column-type.ts'
import { hashedValueOf, numberOf } from './column-aggregates.ts'
import { hashExpression } from './distinct-sketch.ts'

/** Rows that relations between columns are measured on: the standard error of a correlation is at most 0.01. */
export const sampledRows = 10_000

export interface RowSample {
  /** What to read it from. */
  readonly relation: string
  /** It is all of the rows. */
  readonly complete: boolean
}

/** A sample that the same rows give again. */
export async function sampleRows(
  tables: Tables,
  { relation, rows, columns }: { relation: string; rows: number; columns: readonly Column[] },
): Promise<RowSample> {
  if (rows <= sampledRows) return { relation, complete: true }
  const list = columns.map(({ name }) => quoteName(name)).join(', ')
  // Drawing each row by itself reads large tables faster than a reservoir does, and gives about as many rows.
  const sample =
    rows > 10 * sampledRows
      ? `bernoulli(${((100 * sampledRows) / rows).toPrecision(6)} PERCENT)`
      : `reservoir(${sampledRows} ROWS)`
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE sampled_rows AS SELECT ${list} FROM ${relation} USING SAMPLE ${sample} REPEATABLE (1)`,
  )
  return { relation: 'sampled_rows', complete: false }
}

/** Columns as doubles: numbers as they are, anything else by its hash. NaN is missing. */
export async function readMatrix(
  tables: Tables,
  { relation, columns }: { relation: string; columns: readonly Column[] },
): Promise<ReadonlyMap<string, Float64Array>> {
  if (columns.length === 0) return new Map()
  const list = columns.map((column, index) => {
    const value = hashedValueOf(column)
    const number = numberOf(column) ?? `CASE WHEN ${value} IS NOT NULL THEN ${hashExpression(value)} END`
    return `CAST(${number} AS DOUBLE) AS c${index}`
  })
  const frame = await tables.frame(`SELECT ${list.join(', ')} FROM ${relation}`)
  return new Map(
    columns.map(({ name }, index) => {
      const column = frame.columns[`c${index}`]
      return [name, column?.kind === 'number' ? column.values : new Float64Array()]
    }),
  )
}
