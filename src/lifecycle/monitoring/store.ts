import type { Kysely } from 'kysely'
import type { Database, Engine } from '#platform/database/index'
import { createAlertStore } from './alert-store.ts'
import { createCanaryStore } from './canary-store.ts'
import { createLabelStore } from './label-store.ts'
import { createRetrainingStore } from './retraining-store.ts'
import type { MonitoringTables } from './tables.ts'
import { createWindowStore } from './window-store.ts'

/** The stage's SQL, by noun. */
export function createMonitoringStore(database: Database) {
  const query = database.query.withTables<MonitoringTables>()
  return {
    ...storesOn(query, database.engine),
    /** Everything that `work` does with the stores that it is given happens, or nothing does. */
    transaction: <Result>(work: (stores: MonitoringStores) => Promise<Result>): Promise<Result> =>
      query.transaction().execute((transaction) => work(storesOn(transaction, database.engine))),
  }
}

function storesOn(query: Kysely<MonitoringTables>, engine: Engine) {
  return {
    labels: createLabelStore(query, engine),
    windows: createWindowStore(query, engine),
    alerts: createAlertStore(query),
    retrainings: createRetrainingStore(query),
    canaries: createCanaryStore(query, engine),
  }
}

type MonitoringStores = ReturnType<typeof storesOn>
export type MonitoringStore = ReturnType<typeof createMonitoringStore>
