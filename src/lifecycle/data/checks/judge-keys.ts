import { requireRow, type Tables } from '#platform/tables/index'
import type { PreparedCheck } from './compile-check.ts'
import type { KeysCheck } from './compiled-check.ts'
import { judgeRows, type Judgement } from './judgement.ts'

/** Counts rows that are not alone, in the one query that a check of uniqueness needs for itself. */
export async function judgeKeys(
  tables: Tables,
  { check, context }: PreparedCheck,
  compiled: KeysCheck,
): Promise<Judgement> {
  const relation = compiled.among === 'all_rows' ? context.allRows : context.rows
  const repeated = compiled.report === 'all' ? '"times#"' : '"times#" - 1'
  const counted = requireRow(
    await tables.rows(
      `SELECT coalesce(sum("times#"), 0) AS considered, coalesce(sum(${repeated}) FILTER (WHERE "times#" > 1), 0) AS unexpected
       FROM (${keyCounts(compiled, relation)})`,
    ),
  )
  const counts = { considered: Number(counted['considered']), unexpected: Number(counted['unexpected']) }
  return compiled.judge === undefined ? judgeRows(check, counts) : compiled.judge(counts)
}

/** How often each key occurs, as `key#0`, `key#1`, … and `times#`: names that no column of a table has. */
export function keyCounts({ keys, ignore }: KeysCheck, relation: string): string {
  const named = keys.map((key, index) => `${key} AS "key#${index}"`).join(', ')
  const groups = keys.map((_, index) => `"key#${index}"`).join(', ')
  return `SELECT ${groups}, count(*) AS "times#" FROM (SELECT ${named} FROM ${relation} WHERE ${keyed(keys, ignore)}) GROUP BY ${groups}`
}

/** Which rows have a key. */
export function keyed(keys: readonly string[], ignore: KeysCheck['ignore']): string {
  if (ignore === 'never') return 'true'
  return keys.map((key) => `${key} IS NOT NULL`).join(ignore === 'all_missing' ? ' OR ' : ' AND ')
}
