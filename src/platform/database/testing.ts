import { describe } from 'node:test'
import { randomUUID } from 'node:crypto'
import { environmentVariable } from '../config.ts'
import { openDatabase, type Database, type Engine } from './database.ts'
import { migrate, type Migration } from './migrations.ts'

/**
 * Runs the same tests on every engine: SQLite in memory, and PostgreSQL where `npm test` has started one. `open` answers
 * a fresh, migrated store; whoever opens it closes it.
 */
export function forEachEngine(
  title: string,
  migrations: readonly Migration[],
  tests: (open: () => Promise<Database>, engine: Engine) => void,
): void {
  describe(`${title} on SQLite`, () => {
    tests(async () => migrated(await openDatabase({ path: ':memory:' }), migrations), 'sqlite')
  })
  const url = postgresUrl()
  const problem = environmentVariable('DEVMLOPS_TEST_POSTGRES_PROBLEM') ?? 'run `npm test`, which starts one'
  describe(
    `${title} on PostgreSQL`,
    { skip: url === undefined ? `no PostgreSQL: ${problem}` : false },
    () => {
      tests(async () => migrated(await openDatabase({ url: await freshDatabase() }), migrations), 'postgres')
    },
  )
}

async function migrated(database: Database, migrations: readonly Migration[]): Promise<Database> {
  await migrate(database, migrations, 0)
  return database
}

function postgresUrl(): string | undefined {
  return environmentVariable('DEVMLOPS_TEST_POSTGRES_URL')
}

/** The URL of a new, empty PostgreSQL database. */
export async function freshDatabase(): Promise<string> {
  const url = postgresUrl() ?? ''
  const { default: pg } = await import('pg')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`CREATE DATABASE ${name}`)
  await client.end()
  const fresh = new URL(url)
  fresh.pathname = `/${name}`
  return fresh.toString()
}
