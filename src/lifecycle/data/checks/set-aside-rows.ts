import type { Tables } from '#platform/tables/index'
import { columnsOf } from './named-columns.ts'
import { describeCheck } from './describe-check.ts'
import { isAboutSingleRows } from './expectation.ts'
import { failingRows } from './failing-rows.ts'
import { prepareChecks, type ValidateOptions } from './validate.ts'

export interface SetAside {
  /** Different rows; one may fail several checks. */
  readonly rows: number
  readonly reasons: readonly { readonly expected: string; readonly rows: number }[]
}

/**
 * Finds the rows of `arrival` that do not meet checks of the severity `quarantine`. Leaves the temporary table
 * `set_aside_rows` behind: `"row#"`, the place among the rows of `arrival` counted from 1 (as `numberedRows` has it), and
 * `reason`, what the row does not meet,
 * and `columns`, the names that it is about. A check that cannot be computed sets nothing aside; it is an error when the rows are
 * validated.
 */
export async function setAsideRows(
  tables: Tables,
  options: Pick<ValidateOptions, 'checks' | 'columns' | 'now' | 'references'>,
): Promise<SetAside> {
  const checks = options.checks.filter(
    ({ kind, severity }) => severity === 'quarantine' && isAboutSingleRows(kind),
  )
  await tables.run(
    'CREATE OR REPLACE TEMP TABLE set_aside_rows ("row#" BIGINT, reason VARCHAR, columns VARCHAR)',
  )
  const reasons: { expected: string; rows: number }[] = []
  for (const prepared of await prepareChecks(tables, { ...options, checks })) {
    const { compiled, check } = prepared
    if (compiled.shape === 'rows') await compiled.prepare?.(tables)
    const failing = failingRows(prepared)
    if (failing === undefined) continue
    const expected = describeCheck(check)
    const before = await countOf(tables, 'count(*)')
    try {
      await tables.run(
        `INSERT INTO set_aside_rows SELECT "row#", CAST($1 AS VARCHAR), CAST($2 AS VARCHAR) FROM ${failing} WHERE "row#" IS NOT NULL`,
        [expected, columnsOf(check).join(', ')],
      )
    } catch {
      continue
    }
    const rows = (await countOf(tables, 'count(*)')) - before
    if (rows > 0) reasons.push({ expected, rows })
  }
  return { rows: await countOf(tables, 'count(DISTINCT "row#")'), reasons }
}

async function countOf(tables: Tables, aggregate: string): Promise<number> {
  const [row] = await tables.rows(`SELECT ${aggregate} AS n FROM set_aside_rows`)
  return Number(row?.['n'] ?? 0)
}
