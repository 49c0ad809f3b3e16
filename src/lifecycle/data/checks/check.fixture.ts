import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTables, quoteName, type Tables } from '#platform/tables/index'
import { columnTypeOf, type Column } from '../rows/column-type.ts'
import { Uncheckable, type ReferencedTable } from './compiled-check.ts'
import { checksOf, expectationSchema, type WrittenExpectation } from './expectation.ts'
import { validate } from './validate.ts'
import type { CheckResult, Validation } from './validation.ts'

export interface Bench extends AsyncDisposable {
  readonly tables: Tables
  readonly directory: string
  /** Judges the rows of a query by expectations. */
  judge(
    query: string,
    expectations: readonly WrittenExpectation[],
    options?: {
      readonly now?: number
      readonly tables?: Readonly<Record<string, string>>
      readonly before?: string
    },
  ): Promise<Validation>
  only(...request: Parameters<Bench['judge']>): Promise<CheckResult>
}

/** Checks on rows that a query gives, without files or a store. */
export async function openBench(): Promise<Bench> {
  const directory = await mkdtemp(join(tmpdir(), 'devmlops-checks-'))
  const tables = await openTables({ allowedDirectories: [directory], temporaryDirectory: directory })
  const columnsOf = async (relation: string): Promise<Column[]> =>
    (await tables.columns(`SELECT * FROM ${relation}`)).map(({ name, type }) => ({
      name,
      type: columnTypeOf(type),
      sqlType: type,
    }))
  const judge: Bench['judge'] = async (
    query,
    expectations,
    { now = 0, tables: others = {}, before } = {},
  ) => {
    await tables.run(`CREATE OR REPLACE TEMP TABLE arrival_rows AS ${query}`)
    await tables.run('CREATE OR REPLACE TEMP VIEW arrival AS SELECT * FROM arrival_rows')
    const earlier = before === undefined ? '' : `SELECT * FROM (${before}) UNION ALL BY NAME `
    await tables.run(`CREATE OR REPLACE TEMP VIEW all_rows AS ${earlier}SELECT * FROM arrival`)
    const referenced = new Map<string, ReferencedTable>()
    for (const [name, sql] of Object.entries(others)) {
      const relation = quoteName(`other_${name}`)
      await tables.run(`CREATE OR REPLACE TEMP TABLE ${relation} AS ${sql}`)
      const [counted] = await tables.rows(`SELECT count(*) AS n FROM ${relation}`)
      const columns = await columnsOf(relation)
      referenced.set(name, { name, columns, rows: Number(counted?.['n']), relation })
    }
    return validate(tables, {
      checks: checksOf({ expectations: expectations.map((one) => expectationSchema.parse(one)), key: [] }),
      columns: await columnsOf('arrival'),
      mismatches: [],
      parent: undefined,
      files: [],
      key: [],
      warnings: [],
      now,
      references: (reference) => {
        const found = referenced.get(String(reference))
        if (found === undefined) throw new Uncheckable(`there is no ${reference}`)
        return found
      },
    })
  }
  return {
    tables,
    directory,
    judge,
    only: async (...request) => {
      const { checks } = await judge(...request)
      const [check] = checks
      if (check === undefined || checks.length > 1) throw new Error(`${checks.length} checks`)
      return check
    },
    [Symbol.asyncDispose]: async () => {
      tables.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
