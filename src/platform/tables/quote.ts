/** An identifier in SQL. The only way that a name from outside enters a statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text literal in SQL. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
