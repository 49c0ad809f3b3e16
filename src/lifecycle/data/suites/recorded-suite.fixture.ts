import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTables, quoteName, quoteText } from '#platform/tables/index'
import { checksOf, expectationSchema } from '../checks/expectation.ts'
import { validate } from '../checks/validate.ts'
import type { CheckResult } from '../checks/validation.ts'
import { columnTypeOf } from '../rows/column-type.ts'

type Cell = string | number | boolean | null

/** Rows, and what another program said of them; `source` says which one and how. */
export interface Recording<Result> {
  readonly source: string
  readonly columns: Readonly<Record<string, string>>
  readonly rows: readonly (readonly Cell[])[]
  readonly results: readonly Result[]
}

export function recording<Result>(name: string): Recording<Result> {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')) as Recording<Result>
}

export interface Judge {
  judge(expectations: readonly unknown[]): Promise<readonly CheckResult[]>
  close(): void
}

/** Judges the recorded rows here. */
export async function openJudge({ columns: types, rows }: Recording<unknown>): Promise<Judge> {
  const tables = await openTables({
    allowedDirectories: [],
    temporaryDirectory: join(tmpdir(), 'devmlops-suites-test'),
  })
  const literal = (cell: Cell): string =>
    cell === null ? 'NULL' : typeof cell === 'string' ? quoteText(cell) : String(cell)
  const columns = Object.entries(types).map(
    ([name, type], index) => `CAST(c${index} AS ${type}) AS ${quoteName(name)}`,
  )
  const names = columns.map((_, index) => `c${index}`).join(', ')
  const values = rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')
  await tables.run(
    `CREATE TEMP TABLE arrival AS SELECT ${columns.join(', ')} FROM (VALUES ${values}) t(${names})`,
  )
  await tables.run('CREATE TEMP VIEW all_rows AS FROM arrival')
  return {
    judge: async (expectations) => {
      const { checks } = await validate(tables, {
        checks: checksOf({ expectations: expectations.map((one) => expectationSchema.parse(one)), key: [] }),
        columns: Object.entries(types).map(([name, sqlType]) => ({
          name,
          sqlType,
          type: columnTypeOf(sqlType),
        })),
        mismatches: [],
        parent: undefined,
        files: [],
        key: [],
        warnings: [],
        now: 0,
      })
      return checks
    },
    close: () => tables.close(),
  }
}
