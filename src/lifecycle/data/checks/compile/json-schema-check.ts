import { z } from 'zod'
import { messageOf } from '#contract/errors'
import { quoteName, type Tables } from '#platform/tables/index'
import type { Column } from '../../rows/column-type.ts'
import { Uncheckable, type RowsCheck } from '../compiled-check.ts'
import type { CheckOf } from '../expectation.ts'
import { cellWords } from '../words/number-words.ts'
import { columnRows } from './column-rows.ts'

const pageRows = 50_000
let tablesMade = 0

/** Text that fits a schema is told by looking at each different text once; those that do not are kept in a table. */
export function jsonSchemaCheck(
  { schema }: CheckOf<'json_schema'>,
  { column, rows }: { readonly column: Column; readonly rows: string },
): RowsCheck {
  const fits = schemaTest(schema)
  const value = quoteName(column.name)
  const unfit = `unfit_json_${tablesMade++}`
  return {
    ...columnRows(column, `${value} IN (SELECT text FROM ${unfit})`),
    from: (table) => table,
    prepare: async (tables) => {
      const source = `${unfit}_all`
      await tables.run(
        `CREATE TEMP TABLE ${source} AS SELECT DISTINCT CAST(${value} AS VARCHAR) AS text FROM ${rows} WHERE ${value} IS NOT NULL`,
      )
      await tables.run(`CREATE TEMP TABLE ${unfit} (text VARCHAR)`)
      await eachPage(tables, source, async (texts) => {
        const bad = texts.filter((text) => !fits(text))
        if (bad.length === 0) return
        await tables.run(
          `INSERT INTO ${unfit} SELECT unnest(from_json(CAST($1 AS VARCHAR), '["VARCHAR"]'))`,
          [JSON.stringify(bad)],
        )
      })
      await tables.run(`DROP TABLE ${source}`)
    },
  }
}

async function eachPage(
  tables: Tables,
  source: string,
  visit: (texts: string[]) => Promise<void>,
): Promise<void> {
  for (let offset = 0; ; offset += pageRows) {
    const page = await tables.rows(`SELECT text FROM ${source} LIMIT ${pageRows} OFFSET ${offset}`)
    await visit(page.map(({ text }) => cellWords(text)))
    if (page.length < pageRows) return
  }
}

function schemaTest(schema: Readonly<Record<string, unknown>>): (text: string) => boolean {
  let test: z.ZodType
  try {
    test = z.fromJSONSchema(schema)
  } catch (error) {
    throw new Uncheckable(`the schema cannot be used: ${messageOf(error)}`)
  }
  return (text) => {
    try {
      return test.safeParse(JSON.parse(text)).success
    } catch {
      return false
    }
  }
}
