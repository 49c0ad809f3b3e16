import { requireRow, type Tables } from '#platform/tables/index'
import type { TableCheck } from './compile-check.ts'
import { Uncheckable, type QueryCheck } from './compiled-check.ts'
import { judgeRows, type Judgement } from './judgement.ts'
import { requireOneSelect } from './one-select.ts'
import { percentWords, wholeWords } from './words/number-words.ts'

/** Counts the rows that the user's own query gives: those that must not be. */
export async function judgeQuery(
  tables: Tables,
  check: TableCheck,
  { compiled, rows }: { compiled: QueryCheck; rows: number },
): Promise<Judgement> {
  await requireOneSelect(tables, compiled.query)
  const tested = compiled.rowsTested === undefined ? rows : await rowsTested(tables, compiled.rowsTested)
  const counted = requireRow(await tables.rows(`SELECT count(*) AS unexpected FROM (${compiled.query}\n)`))
  const unexpected = Number(counted['unexpected'])
  // A join may give more rows than there are; the share of them cannot be more than all.
  const { outcome, severity } = judgeRows(check, {
    considered: tested,
    unexpected: Math.min(tested, unexpected),
  })
  const share =
    compiled.rowsTested === undefined || tested === 0 ? '' : ` (${percentWords(unexpected / tested)})`
  const found =
    unexpected === 0
      ? 'no such row'
      : `${wholeWords(unexpected)} such row${unexpected === 1 ? '' : 's'}${share}`
  return {
    // Rows that are there are unexpected, also where nothing was tested.
    outcome: tested === 0 && unexpected > 0 ? 'fail' : outcome,
    ...(severity === undefined ? {} : { severity }),
    found,
    considered: tested,
    unexpected,
  }
}

async function rowsTested(tables: Tables, query: string): Promise<number> {
  await requireOneSelect(tables, query)
  const [row] = await tables.rows(`SELECT * FROM (${query}\n) LIMIT 1`)
  const value = Number(Object.values(row ?? {})[0] ?? Number.NaN)
  if (Number.isInteger(value) && value >= 0) return value
  throw new Uncheckable('rows_tested must give one whole number')
}
