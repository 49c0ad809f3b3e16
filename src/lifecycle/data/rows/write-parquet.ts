import { fail } from '#contract/errors'
import { quoteName, quoteText, requireRow, type Tables } from '#platform/tables/index'
import { readableAs, sqlTypeOf, type DeclaredType } from './column-type.ts'

/** A column whose cells are text on their way to a type. */
export interface TextColumnPlan {
  readonly name: string
  /** As DuckDB spells it. */
  readonly sqlType: string
  readonly form: 'text' | 'hexadecimal' | 'rounded'
  /** Types to be tried first, the narrowest first. */
  readonly candidates?: readonly DeclaredType[] | undefined
}

interface TypingOptions {
  readonly table: string
  /** What errors call the rows. */
  readonly source: string
  /** Whether an error may show a value of the column. */
  readonly isShown: (column: string) => boolean
}

export interface TypedColumn {
  readonly name: string
  readonly sqlType: string
  /** The value in its type, as an expression on the text table. */
  readonly value: string
}

/** More than these a double does not keep for sure (IEEE 754). */
const doubleDigits = 17

/**
 * The types of a table of text, decided by all of its values.
 * @throws unreadable_data for the first value that its type cannot hold.
 */
export async function typeColumns(
  tables: Tables,
  plans: readonly TextColumnPlan[],
  { table, source, isShown }: TypingOptions,
): Promise<{ columns: TypedColumn[]; warnings: string[] }> {
  const columns: TypedColumn[] = []
  const warnings: string[] = []
  for (const plan of plans) {
    const text = quoteName(plan.name)
    const sqlType = await typeOf(tables, plan, table)
    const value = plan.form === 'hexadecimal' ? `unhex(${text})` : `CAST(${text} AS ${sqlType})`
    columns.push({ name: plan.name, sqlType, value })
    if (sqlType !== 'VARCHAR' && plan.form !== 'hexadecimal') {
      await requireReadable(tables, plan, { table, source, sqlType, isShown })
    }
    if (plan.form === 'rounded') warnings.push(...(await roundings(tables, plan, table)))
  }
  return { columns, warnings }
}

async function typeOf(tables: Tables, plan: TextColumnPlan, table: string): Promise<string> {
  const text = quoteName(plan.name)
  for (const type of plan.candidates ?? []) {
    const { unfit } = requireRow(
      await tables.rows(
        `SELECT count(*) AS unfit FROM ${table} WHERE ${text} IS NOT NULL AND NOT ${readableAs(type, text)}`,
      ),
    )
    if (unfit === 0) return sqlTypeOf(type)
  }
  return plan.sqlType
}

async function requireReadable(
  tables: Tables,
  { name }: TextColumnPlan,
  { table, source, sqlType, isShown }: TypingOptions & { readonly sqlType: string },
): Promise<void> {
  const text = quoteName(name)
  const [first] = await tables.rows(
    `SELECT rowid + 1 AS row_number, ${text} AS value FROM ${table}
     WHERE ${text} IS NOT NULL AND try_cast(${text} AS ${sqlType}) IS NULL ORDER BY rowid LIMIT 1`,
  )
  if (first === undefined) return
  const value = isShown(name) ? `"${(first['value'] as string).slice(0, 60)}"` : 'a value'
  fail(
    'unreadable_data',
    `${source}, row ${Number(first['row_number'])}, column "${name}": ${value} is no ${sqlType}.`,
    { hint: 'Cast the column in the query to a type that holds all of its values.', at: source },
  )
}

async function roundings(tables: Tables, { name }: TextColumnPlan, table: string): Promise<string[]> {
  const digits = `length(trim(regexp_replace(${quoteName(name)}, '[-.]', '', 'g'), '0'))`
  const { rounded } = requireRow(
    await tables.rows(`SELECT count(*) FILTER (WHERE ${digits} > ${doubleDigits}) AS rounded FROM ${table}`),
  )
  if (rounded === 0) return []
  return [
    `column "${name}": ${Number(rounded)} numbers have more digits than a double keeps; cast it in the query, such as to numeric(38,9), to keep them`,
  ]
}

/**
 * Writes rows as Parquet such that the same rows make the same bytes: in the order of the given columns and then of all
 * others, since a database promises no order. Not compressed: chunks are compressed when they are stored, and the same
 * pages then stay the same bytes from one version to the next, of which compression here would leave a third.
 */
export async function writeParquet(
  tables: Tables,
  {
    path,
    columns,
    from,
    first,
  }: { path: string; columns: readonly TypedColumn[]; from: string; first: readonly string[] | undefined },
): Promise<void> {
  const values = columns.map(({ name, value }) => `${value} AS ${quoteName(name)}`)
  const order = first === undefined ? '' : `ORDER BY ${orderOf(columns, first)}`
  await tables.run(
    `COPY (SELECT * FROM (SELECT ${values.join(', ')} FROM ${from}) ${order})
     TO ${quoteText(path)} (FORMAT parquet, COMPRESSION uncompressed)`,
  )
}

function orderOf(columns: readonly TypedColumn[], first: readonly string[]): string {
  const names = new Set(columns.map(({ name }) => name))
  const order = [...new Set([...first.filter((name) => names.has(name)), ...names])].map(
    (name) => `${quoteName(name)} NULLS FIRST`,
  )
  return order.join(', ')
}
