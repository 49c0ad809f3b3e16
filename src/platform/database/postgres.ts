import { PostgresDialect, type PostgresPoolClient } from 'kysely'
import { explainPostgres } from './storage-problem.ts'

/** PostgreSQL behind Kysely. The driver is loaded only when a URL asks for it. */
export async function postgresDialect(url: string): Promise<PostgresDialect> {
  const { default: pg } = await import('pg')
  // int8 arrives as text by default; every integer that is stored (counts, epoch milliseconds) fits a double exactly.
  const types = {
    getTypeParser: (id: Parameters<typeof pg.types.getTypeParser>[0], format?: 'text' | 'binary') =>
      id === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(id, format),
  }
  const pool = new pg.Pool({ connectionString: url, max: 10, types, connectionTimeoutMillis: 10_000 })
  // An idle connection that the server closes must not end this process; the next query opens another.
  pool.on('error', () => undefined)
  return new PostgresDialect({
    pool: {
      options: pool.options,
      end: () => pool.end(),
      connect: async () => {
        try {
          return explained(await pool.connect(), url)
        } catch (error) {
          throw explainPostgres(error, url)
        }
      },
    },
  })
}

/** The driver's client, whose failures say what a person can do about them. */
function explained(client: PostgresPoolClient, url: string): PostgresPoolClient {
  const query = async (text: string, parameters: readonly unknown[]) => {
    try {
      return await client.query(text, parameters)
    } catch (error) {
      throw explainPostgres(error, url)
    }
  }
  return { query: query as PostgresPoolClient['query'], release: (destroy) => client.release(destroy) }
}
