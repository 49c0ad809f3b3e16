import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Caller } from '#contract/endpoint'
import { fileBlobStore } from '#platform/blobs/index'
import { migrate, openDatabase } from '#platform/database/index'
import { createEvents, eventMigrations, type Event } from '#platform/events'
import { fileMigrations, openFiles } from '#platform/files/index'
import { jobMigrations } from '#platform/jobs/index'
import { silentLog } from '#platform/log'
import type { Platform } from '#platform/platform'
import { projectFileName, readProject } from '../project/index.ts'
import type { DataProject } from './data-project.ts'
import { dataSection } from './section.ts'
import { createDataService, type DataService } from './service.ts'
import { dataMigrations } from './tables.ts'

export const ada: Caller = { name: 'ada', permissions: new Set(['read', 'write', 'operate', 'admin']) }

export interface Workshop extends AsyncDisposable {
  readonly directory: string
  readonly home: string
  readonly service: DataService
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  /** Writes a file of the project; text, bytes, or rows joined by line feeds. */
  write(name: string, content: string | Uint8Array | readonly string[]): Promise<string>
  /** Replaces the section `data` of the project file. */
  describe(data: string): Promise<void>
  events(): Promise<Event[]>
}

/** A project in a temporary folder with a real store, real blobs and real DuckDB. */
export async function openWorkshop(
  data: string,
  { directory: given, now = () => Date.now() }: { directory?: string; now?: () => number } = {},
): Promise<Workshop> {
  const directory = given ?? (await mkdtemp(join(tmpdir(), 'devmlops-data-')))
  const home = join(directory, '.devmlops')
  const write: Workshop['write'] = async (name, content) => {
    const path = join(directory, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, isRows(content) ? `${content.join('\n')}\n` : content)
    return path
  }
  const describe = async (section: string): Promise<void> =>
    void (await write(projectFileName, `project: test\n\ndata:\n${section.replace(/^/gm, '  ')}\n`))
  await describe(data)
  const database = await openDatabase({ path: join(home, 'store.db') })
  const clock = { now }
  await migrate(database, [...eventMigrations, ...jobMigrations, ...fileMigrations, ...dataMigrations], 0)
  const events = createEvents({ database, clock, log: silentLog })
  const blobs = fileBlobStore(join(home, 'blobs'))
  const config = { home, fileCacheBytes: 1e9 }
  const files = openFiles({ blobs, database, clock, config })
  // The stage uses these parts only.
  const platform = {
    config,
    database,
    blobs,
    files,
    events,
    clock,
    log: silentLog,
  } as unknown as Platform
  const project = () => readProject({ path: join(directory, projectFileName), sections: [dataSection] })
  return {
    directory,
    home,
    platform,
    project,
    service: createDataService({ platform, project }),
    write,
    describe,
    events: () => events.list({ limit: 100 }),
    [Symbol.asyncDispose]: async () => {
      await events.deliver()
      await files.close()
      await database.close()
      if (given === undefined) await rm(directory, { recursive: true, force: true })
    },
  }
}

function isRows(content: string | Uint8Array | readonly string[]): content is readonly string[] {
  return Array.isArray(content)
}
