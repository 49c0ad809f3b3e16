import { PostgresDialect } from 'kysely'

/** PostgreSQL behind Kysely. The driver is loaded only when a URL asks for it. */
export async function postgresDialect(url: string): Promise<PostgresDialect> {
  const { default: pg } = await import('pg')
  // int8 arrives as text by default; every integer that is stored (counts, epoch milliseconds) fits a double exactly.
  const types = {
    getTypeParser: (id: number, format?: 'text' | 'binary') =>
      id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format),
  }
  return new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 10, types }) })
}
