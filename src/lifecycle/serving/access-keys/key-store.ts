import type { Database, Migration } from '#platform/database/index'

export type KeyTables = {
  /** Keys for predictions; never a secret. */
  access_keys: {
    id: string
    name: string
    digest: string
    /** Base64, or null when the key signs nothing. */
    verification_key: string | null
    scopes: string
    deployments: string | null
    rate: string | null
    concurrency: number | null
    created_at: number
    created_by: string
    expires_at: number | null
    revoked_at: number | null
    revoked_by: string | null
  }
}
export type KeyRow = KeyTables['access_keys']

export const accessKeysMigration: Migration = {
  number: 73,
  name: 'keys for predictions',
  up: async (query) => {
    await query.schema
      .createTable('access_keys')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('verification_key', 'text')
      .addColumn('scopes', 'text', (column) => column.notNull())
      .addColumn('deployments', 'text')
      .addColumn('rate', 'text')
      .addColumn('concurrency', 'bigint')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by', 'text', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addColumn('revoked_by', 'text')
      .execute()
  },
}

export function createKeyStore(database: Database) {
  const query = database.query.withTables<KeyTables>()
  return {
    all: (): Promise<KeyRow[]> =>
      query.selectFrom('access_keys').selectAll().orderBy('created_at', 'desc').orderBy('id').execute(),
    /** False when a key that is not revoked has the name. */
    add: (row: KeyRow): Promise<boolean> =>
      query.transaction().execute(async (transaction) => {
        const taken = await transaction
          .selectFrom('access_keys')
          .select('id')
          .where('name', '=', row.name)
          .where('revoked_at', 'is', null)
          .executeTakeFirst()
        if (taken !== undefined) return false
        await transaction.insertInto('access_keys').values(row).execute()
        return true
      }),
    revoke: async (id: string, by: { readonly time: number; readonly actor: string }): Promise<void> => {
      await query
        .updateTable('access_keys')
        .set({ revoked_at: by.time, revoked_by: by.actor })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .execute()
    },
  }
}
