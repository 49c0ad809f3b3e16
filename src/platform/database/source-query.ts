import { fail } from '#contract/errors'

/** Where rows are asked for. A URL is a secret: it stands in no message, only `name` does. */
export type QueryLocation =
  | { readonly engine: 'postgres' | 'mysql'; readonly url: string; readonly name: string }
  | { readonly engine: 'sqlite'; readonly path: string; readonly name: string }

export interface QueryRequest {
  /** One SELECT, written by the owner of the project. */
  readonly query: string
  /** Only rows whose column is at least this value, or has none. */
  readonly from?: { readonly column: string; readonly value: string } | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** A cell as the database writes it; bytes as hexadecimal digits. */
export type TextRow = readonly (string | null)[]

export interface QueryColumn {
  readonly name: string
  /** As DuckDB spells it. */
  readonly sqlType: string
  /** How the text stands for the value. `rounded`: a number that may have more digits than the type keeps. */
  readonly form: 'text' | 'hexadecimal' | 'rounded'
  /** Types to be tried, the narrowest first, where the database itself does not tell one. */
  readonly candidates?: readonly ('date' | 'timestamp')[] | undefined
}

/** The rows of a query, read once, from the first to the last. */
export interface QueryRows extends AsyncDisposable {
  readonly names: readonly string[]
  /** Some thousands of rows at a time; the next are asked for when these are taken, so memory stays flat. */
  pages(): AsyncIterable<readonly TextRow[]>
  /** Known when the last row has been read. */
  columns(): readonly QueryColumn[]
  warnings(): readonly string[]
}

/**
 * Runs one SELECT in a transaction that cannot write.
 * @throws invalid_input for what is no single SELECT or is refused by the database, server_unreachable, timed_out,
 * permission_denied.
 */
export async function openQuery(location: QueryLocation, request: QueryRequest): Promise<QueryRows> {
  requireOneSelect(request.query)
  if (location.engine === 'sqlite') {
    const { querySqlite } = await import('./query-sqlite.ts')
    return querySqlite(location, request)
  }
  // Drivers are loaded by those who have such a source.
  if (location.engine === 'postgres') {
    const { queryPostgres } = await import('./query-postgres.ts')
    return queryPostgres(location, request)
  }
  const { queryMysql } = await import('./query-mysql.ts')
  return queryMysql(location, request)
}

/** The query inside of another, which nothing but a SELECT survives: no INTO OUTFILE, no second statement. */
export function wrapped(
  { query, from }: QueryRequest,
  { quote, placeholder }: { quote(name: string): string; placeholder: string },
): string {
  // On lines of its own: the query may end in a comment.
  const rows = `SELECT * FROM (\n${withoutSemicolon(query)}\n) AS source_rows`
  if (from === undefined) return rows
  const cursor = quote(from.column)
  // Rows without a cursor are never left out in silence; they are looked at each time.
  return `${rows} WHERE ${cursor} >= ${placeholder} OR ${cursor} IS NULL`
}

export function withoutSemicolon(query: string): string {
  return query.trim().replace(/;\s*$/, '')
}

/** Read-only transactions and single-statement protocols are the lock; this says early what is wrong. */
export function requireOneSelect(query: string): void {
  // Texts, quoted names and comments hide no statement.
  const bare = withoutSemicolon(query)
    .replaceAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`/g, "''")
    .replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
    .trim()
  const hint = 'A source reads rows; whatever else has to happen is done elsewhere.'
  if (!/^\(*\s*(?:select|with|values|table)\b/i.test(bare)) {
    fail('invalid_input', `The query begins with "${bare.split(/\s/)[0] ?? ''}"; one SELECT is expected.`, {
      hint,
    })
  }
  if (bare.includes(';')) {
    fail('invalid_input', 'The query has several statements; one SELECT is expected.', { hint })
  }
}

export const pageRows = 5000

/** Two columns of one name would be one column in every file. */
export function requireDistinctNames(names: readonly string[], source: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    const folded = name.toLowerCase()
    if (name === '' || seen.has(folded)) {
      fail(
        'invalid_input',
        `The query of ${source} has ${name === '' ? 'a column without a name' : `two columns "${name}"`}.`,
        {
          hint: 'Name each column: SELECT … AS name.',
          at: source,
        },
      )
    }
    seen.add(folded)
  }
}
