import { requireRow } from '#platform/tables/index'
import { Uncheckable, type CompiledCheck } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import { judgeLimits } from '../judge-limits.ts'
import { requireOneSelect } from '../one-select.ts'

export const sqlChecks = {
  sql: ({ query, rows_tested, key }: CheckOf<'sql'>): CompiledCheck => ({
    shape: 'query',
    query: bare(query),
    rowsTested: rows_tested === undefined ? undefined : bare(rows_tested),
    key: key ?? [],
  }),
  sql_value: (check: CheckOf<'sql_value'>): CompiledCheck => ({
    shape: 'figure',
    compute: async (tables) => {
      const query = bare(check.query)
      await requireOneSelect(tables, query)
      const rows = await tables.rows(`SELECT * FROM (${query}\n) LIMIT 2`)
      const values = Object.values(requireRow(rows.length === 0 ? [{}] : rows))
      const [value] = values
      if (rows.length !== 1 || values.length !== 1) {
        throw new Uncheckable('one row of one number is expected from the SELECT')
      }
      if (value !== null && typeof value !== 'number' && typeof value !== 'bigint') {
        throw new Uncheckable(`one number is expected from the SELECT, and it gave ${JSON.stringify(value)}`)
      }
      return judgeLimits(
        check,
        value === null || value === undefined ? null : Number(value),
        'it gave no value',
      )
    },
  }),
}

/** Without the semicolon that a statement may end with. */
function bare(query: string): string {
  return query.trim().replace(/;\s*$/, '')
}
