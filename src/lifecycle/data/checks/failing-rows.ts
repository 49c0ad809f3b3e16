import type { PreparedCheck } from './compile-check.ts'
import type { KeysCheck } from './compiled-check.ts'
import { keyCounts, keyed } from './judge-keys.ts'

/** Rows of `arrival` with their place among them, counted from 1, as an expression for FROM. */
export const numberedRows = '(SELECT row_number() OVER () AS "row#", * FROM arrival)'

/**
 * The rows that do not meet a check, as an expression for FROM that gives the columns of `numbered` (at least); undefined
 * where a check is not about rows. What a check needs prepared was prepared when it was judged.
 */
export function failingRows(
  { compiled, context }: PreparedCheck,
  numbered = numberedRows,
): string | undefined {
  const { where } = context
  if (compiled.shape === 'rows') {
    const table = where === 'true' ? numbered : `(SELECT * FROM ${numbered} WHERE ${where})`
    const from = compiled.from?.(table) ?? table
    return `(SELECT * FROM ${from} WHERE ${compiled.considered} AND ${compiled.unexpected})`
  }
  if (compiled.shape === 'keys') return repeatedRows(compiled, context, numbered)
  return undefined
}

function repeatedRows(
  compiled: KeysCheck,
  { where, allRows, rows }: PreparedCheck['context'],
  numbered: string,
): string {
  const { keys, ignore, report, among } = compiled
  const relation = among === 'all_rows' ? allRows : rows
  const own = `(SELECT * FROM ${numbered} WHERE ${where} AND (${keyed(keys, ignore)}))`
  if (report === 'all') {
    const same = keys.map((key, index) => `${key} IS NOT DISTINCT FROM "key#${index}"`).join(' AND ')
    const repeated = `SELECT * FROM (${keyCounts(compiled, relation)}) WHERE "times#" > 1`
    return `(SELECT * FROM ${own} SEMI JOIN (${repeated}) ON ${same})`
  }
  const order = report === 'exclude_first' ? '"row#"' : '"row#" DESC'
  const place = `row_number() OVER (PARTITION BY ${keys.join(', ')} ORDER BY ${order}) AS "place#"`
  if (among === 'arrival') return `(SELECT * FROM (SELECT *, ${place} FROM ${own}) WHERE "place#" > 1)`
  // Rows that arrive stand after those of the version, so that a first one may lie before all of them.
  const before = '((SELECT count(*) FROM all_rows) - (SELECT count(*) FROM arrival))'
  const all = `(SELECT row_number() OVER () - ${before} AS "row#", * FROM all_rows)`
  const placed = `SELECT "row#", ${place} FROM ${all} WHERE ${where} AND (${keyed(keys, ignore)})`
  return `(SELECT * FROM ${own} SEMI JOIN (SELECT "row#" FROM (${placed}) WHERE "place#" > 1 AND "row#" > 0) USING ("row#"))`
}
