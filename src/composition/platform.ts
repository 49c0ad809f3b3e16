import { join } from 'node:path'
import { auditMigrations, createAudit } from '#platform/audit/audit'
import { openBlobs } from '#platform/blobs/index'
import { systemClock } from '#platform/clock'
import type { Config } from '#platform/config'
import { isMigrated, migrate, openDatabase, type Database, type Migration } from '#platform/database/index'
import { createEvents, eventMigrations, type Events } from '#platform/events'
import { fileMigrations, openFiles } from '#platform/files/index'
import { createJobs, jobMigrations } from '#platform/jobs/index'
import type { Log } from '#platform/log'
import type { Platform } from '#platform/platform'
import { dataMigrations } from '#lifecycle/data/index'
import { featureMigrations } from '#lifecycle/features/index'
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
  ...fileMigrations,
  ...dataMigrations,
  ...trackingMigrations,
  ...pipelineMigrations,
  ...featureMigrations,
  ...registryMigrations,
  ...servingMigrations,
  ...monitoringMigrations,
]

export interface OpenPlatform extends Platform {
  close(): Promise<void>
}

/** Opens what every stage stands on, and brings its schema up to date. */
export async function openPlatform(config: Config, log: Log): Promise<OpenPlatform> {
  const database = await databaseOf(config, { readOnly: false })
  try {
    await migrate(database, migrations, systemClock.now())
    return await platformOn(database, { config, log, close: (events) => events.deliver() })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The same, without changing anything: for reading, while another process may write. Nothing for an older schema. */
export async function openPlatformToLook(config: Config, log: Log): Promise<OpenPlatform | undefined> {
  const database = await databaseOf(config, { readOnly: true })
  try {
    if (await isMigrated(database, migrations))
      return await platformOn(database, { config, log, close: async () => undefined })
  } catch (error) {
    await database.close()
    throw error
  }
  await database.close()
  return undefined
}

function databaseOf({ databaseUrl, home }: Config, { readOnly }: { readOnly: boolean }): Promise<Database> {
  return openDatabase(
    databaseUrl === undefined ? { path: join(home, 'store.db'), readOnly } : { url: databaseUrl },
  )
}

async function platformOn(
  database: Database,
  { config, log, close }: { config: Config; log: Log; close: (events: Events) => Promise<void> },
): Promise<OpenPlatform> {
  const clock = systemClock
  const events = createEvents({ database, clock, log })
  const blobs = await openBlobs(config)
  const files = openFiles({ blobs, database, clock, config })
  return {
    config,
    clock,
    log,
    database,
    events,
    blobs,
    files,
    jobs: createJobs({ database, clock, log }),
    audit: createAudit({ database, clock }),
    close: async () => {
      await close(events)
      await files.close()
      await database.close()
    },
  }
}
