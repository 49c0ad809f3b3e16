import { join } from 'node:path'
import { auditMigrations, createAudit } from '#platform/audit/audit'
import { openBlobs } from '#platform/blobs/index'
import { systemClock } from '#platform/clock'
import type { Config } from '#platform/config'
import { migrate, openDatabase, type Migration } from '#platform/database/index'
import { createEvents, eventMigrations } from '#platform/events'
import { createJobs, jobMigrations } from '#platform/jobs/index'
import type { Log } from '#platform/log'
import type { Platform } from '#platform/platform'
import { dataMigrations } from '#lifecycle/data/index'
import { monitoringMigrations } from '#lifecycle/monitoring/index'
import { pipelineMigrations } from '#lifecycle/pipelines/index'
import { registryMigrations } from '#lifecycle/registry/index'
import { servingMigrations } from '#lifecycle/serving/index'
import { trackingMigrations } from '#lifecycle/tracking/index'

/** The whole schema. Numbers are global; the platform has 1 to 9, and each stage ten of its own. */
const migrations: readonly Migration[] = [
  ...eventMigrations,
  ...jobMigrations,
  ...auditMigrations,
  ...dataMigrations,
  ...trackingMigrations,
  ...pipelineMigrations,
  ...registryMigrations,
  ...servingMigrations,
  ...monitoringMigrations,
]

export interface OpenPlatform extends Platform {
  close(): Promise<void>
}

/** Opens what every stage stands on. `readOnly` looks at a store that another process writes to. */
export async function openPlatform(
  config: Config,
  { log, readOnly }: { log: Log; readOnly: boolean },
): Promise<OpenPlatform> {
  const clock = systemClock
  const database = await openDatabase(
    config.databaseUrl === undefined
      ? { path: join(config.home, 'store.db'), readOnly }
      : { url: config.databaseUrl },
  )
  if (!readOnly) await migrate(database, migrations, clock.now())
  const events = createEvents({ database, clock, log })
  return {
    config,
    clock,
    log,
    database,
    events,
    blobs: await openBlobs(config),
    jobs: createJobs({ database, clock, log }),
    audit: createAudit({ database, clock }),
    close: async () => {
      await events.deliver()
      await database.close()
    },
  }
}
