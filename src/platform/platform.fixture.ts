import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { auditMigrations, createAudit } from './audit/audit.ts'
import { fileBlobStore } from './blobs/index.ts'
import { systemClock, type Clock } from './clock.ts'
import { readConfig } from './config.ts'
import type { Database } from './database/index.ts'
import { createEvents, eventMigrations } from './events.ts'
import { fileMigrations, openFiles } from './files/index.ts'
import { createJobs, jobMigrations } from './jobs/index.ts'
import { silentLog as log } from './log.ts'
import type { Platform } from './platform.ts'

export const platformMigrations = [
  ...eventMigrations,
  ...jobMigrations,
  ...auditMigrations,
  ...fileMigrations,
]

/** A real platform on a given store and a folder of its own, for tests of stages. */
export function fixturePlatform(
  database: Database,
  clock: Clock = systemClock,
): { platform: Platform; close: () => Promise<void> } {
  const home = mkdtempSync(join(tmpdir(), 'devmlops-test-'))
  const events = createEvents({ database, clock, log })
  const config = readConfig({ home }, {})
  const blobs = fileBlobStore(join(home, 'blobs'))
  const files = openFiles({ blobs, database, clock, config })
  const platform: Platform = {
    config,
    database,
    blobs,
    files,
    events,
    jobs: createJobs({ database, clock, log }),
    audit: createAudit({ database, clock }),
    clock,
    log,
  }
  return {
    platform,
    close: async () => {
      await events.deliver()
      await files.close()
      await database.close()
      rmSync(home, { recursive: true, force: true })
    },
  }
}
