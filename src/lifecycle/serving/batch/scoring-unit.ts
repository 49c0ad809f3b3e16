import { quoteName, quoteText, type Tables } from '#platform/tables/index'

/** Rows of a Parquet file that are scored and written as one file: whole row groups, so that none is read twice. */
export interface ScoringUnit {
  readonly file: string
  /** Counted in the file. */
  readonly firstRow: number
  readonly rows: number
}

/** What is lost when the process dies, and what stands in memory: a few hundred thousand rows of scores. */
const unitRows = 245_760

/** Every row of the files in exactly one unit, in their order. */
export async function scoringUnits(tables: Tables, files: readonly string[]): Promise<ScoringUnit[]> {
  const units: ScoringUnit[] = []
  for (const file of files) {
    const groups = await tables.rows(
      `SELECT row_group_id, any_value(row_group_num_rows) AS rows FROM parquet_metadata(${quoteText(file)}) GROUP BY row_group_id ORDER BY row_group_id`,
    )
    let firstRow = 0
    let rows = 0
    const close = (): void => {
      if (rows > 0) units.push({ file, firstRow, rows })
      firstRow += rows
      rows = 0
    }
    for (const group of groups) {
      const more = Number(group['rows'])
      if (rows > 0 && rows + more > unitRows) close()
      rows += more
    }
    close()
  }
  return units
}

const rowNumber = 'devmlops_file_row'

/** The rows of a unit as an expression that stands after FROM. */
export function unitRelation({ file, firstRow, rows }: ScoringUnit): string {
  const number = quoteName(rowNumber)
  // By the number in the file, because DuckDB passes over row groups by it; LIMIT with OFFSET reads them all.
  return `(SELECT * EXCLUDE (${number}) FROM (SELECT * RENAME (file_row_number AS ${number}) FROM read_parquet(${quoteText(file)}, file_row_number = true)) WHERE ${number} >= ${firstRow} AND ${number} < ${firstRow + rows})`
}
