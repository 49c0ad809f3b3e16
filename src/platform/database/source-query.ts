import { requireOneSelect } from './query-text.ts'

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
