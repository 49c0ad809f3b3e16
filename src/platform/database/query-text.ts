import { fail } from '#contract/errors'
import type { QueryRequest } from './source-query.ts'

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
