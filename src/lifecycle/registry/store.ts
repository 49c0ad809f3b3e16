import type { Kysely, Transaction } from 'kysely'
import type { Engine } from '#platform/database/index'
import { createAliasStore } from './alias-store.ts'
import { createNewsStore } from './news-store.ts'
import { createRegisteredModelStore } from './registered-model-store.ts'
import { createSearchStore } from './search-store.ts'
import { createStageStore } from './stage-store.ts'
import type { RegistryTables } from './tables.ts'
import { createVersionStore } from './version-store.ts'

export type RegistryStore = ReturnType<typeof createRegistryStore>
export type RegistryTransaction = Transaction<RegistryTables>

/** All SQL of the registry. What must happen together takes the transaction that it happens in. */
export function createRegistryStore(query: Kysely<RegistryTables>, engine: Engine) {
  return {
    transaction: <Result>(work: (transaction: RegistryTransaction) => Promise<Result>): Promise<Result> =>
      query.transaction().execute(work),
    ...createRegisteredModelStore(query),
    ...createVersionStore(query),
    ...createAliasStore(query),
    ...createStageStore(query),
    ...createNewsStore(query),
    ...createSearchStore(query, engine),
  }
}
