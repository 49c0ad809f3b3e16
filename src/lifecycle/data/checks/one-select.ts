import { requireRow, type Tables } from '#platform/tables/index'
import { Uncheckable } from './compiled-check.ts'

/** SQL that a person wrote into a check, read as a tree before it runs: a check reads, and does nothing else. */

interface Parsed {
  readonly error: boolean
  readonly error_message?: string
  readonly statements?: readonly { readonly node: SelectNode }[]
}

interface SelectNode {
  readonly type: string
  readonly select_list?: readonly { readonly class: string; readonly alias: string }[]
  readonly from_table?: { readonly type: string }
  readonly where_clause?: unknown
  readonly having?: unknown
  readonly qualify?: unknown
  readonly sample?: unknown
  readonly modifiers?: readonly unknown[]
  readonly group_expressions?: readonly unknown[]
}

/** @throws Uncheckable for anything that is not exactly one SELECT. */
export async function requireOneSelect(tables: Tables, query: string): Promise<void> {
  const { error, error_message: message, statements } = await parse(tables, query)
  if (error) throw new Uncheckable(notSelect(message ?? 'it is not SQL'))
  if (statements?.length !== 1) throw new Uncheckable('exactly one SELECT is expected')
}

/**
 * A condition stands inside of other conditions, so it must be one expression by itself: `a) OR (b` or `a GROUP BY b` would
 * change what stands around it.
 * @throws Uncheckable for anything else.
 */
export async function requireOneCondition(tables: Tables, condition: string): Promise<void> {
  for (const written of [`SELECT ${condition}`, `SELECT (${condition}\n)`]) {
    const { error, error_message: message, statements } = await parse(tables, written)
    if (error) throw new Uncheckable(`\`where\` is no condition in SQL: ${message ?? condition}`)
    const [first, ...others] = statements ?? []
    if (first === undefined || others.length > 0 || !isOneExpression(first.node)) {
      throw new Uncheckable('`where` must be one condition in SQL, such as amount > 0')
    }
  }
}

function isOneExpression(node: SelectNode): boolean {
  const [only, ...others] = node.select_list ?? []
  const none = (value: unknown): boolean => value === null || value === undefined
  return (
    node.type === 'SELECT_NODE' &&
    only !== undefined &&
    others.length === 0 &&
    only.alias === '' &&
    only.class !== 'STAR' &&
    node.from_table?.type === 'EMPTY' &&
    none(node.where_clause) &&
    none(node.having) &&
    none(node.qualify) &&
    none(node.sample) &&
    (node.modifiers ?? []).length === 0 &&
    (node.group_expressions ?? []).length === 0
  )
}

async function parse(tables: Tables, query: string): Promise<Parsed> {
  const { parsed } = requireRow(
    await tables.rows('SELECT json_serialize_sql(CAST($1 AS VARCHAR)) AS parsed', [query]),
  )
  return JSON.parse(parsed as string) as Parsed
}

/** The parser says "Only SELECT statements can be serialized to json!", which names the means, not the reason. */
function notSelect(message: string): string {
  return /only select statements/i.test(message)
    ? 'a check may only read: one SELECT is expected, and this statement does something else'
    : message
}

/** The columns of a query's answer, those that name a row first. */
export async function columnsOfQuery(
  tables: Tables,
  query: string,
  key: readonly string[],
): Promise<{ name: string; sqlType: string }[]> {
  const given = await tables.columns(`SELECT * FROM (${query}\n)`)
  const isKey = ({ name }: { name: string }): boolean => key.includes(name)
  const ordered = [...given.filter(isKey), ...given.filter((column) => !isKey(column))]
  return ordered.map(({ name, type }) => ({ name, sqlType: type }))
}
