import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileBlobStore, type BlobStore, type Digest } from '../blobs/index.ts'
import { systemClock, type Clock } from '../clock.ts'
import { migrate, openDatabase, type Database } from '../database/index.ts'
import { fileMigrations, openFiles, type OpenFileStore, type StoredFile } from './index.ts'

export interface FilesFixture extends AsyncDisposable {
  readonly home: string
  readonly files: OpenFileStore
  readonly blobs: BlobStore
  readonly database: Database
  /** Stores files by their paths. */
  store(...paths: readonly string[]): Promise<StoredFile[]>
  /** Bytes of all blobs. */
  storedBytes(): Promise<number>
}

export interface FilesFixtureOptions {
  readonly home?: string
  readonly database?: Database
  readonly clock?: Clock
  readonly fileCacheBytes?: number
  readonly blobs?: (home: string) => BlobStore
}

/** A store of files in a folder of its own; in SQLite and a folder of blobs, unless others are given. */
export async function openFilesFixture(options: FilesFixtureOptions = {}): Promise<FilesFixture> {
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'devmlops-files-'))
  const database = options.database ?? (await openDatabase({ path: join(home, 'store.db') }))
  if (options.database === undefined) await migrate(database, fileMigrations, 0)
  const blobs = options.blobs?.(home) ?? fileBlobStore(join(home, 'blobs'))
  const { clock = systemClock, fileCacheBytes = 1e9 } = options
  const files = openFiles({ blobs, database, clock, config: { home, fileCacheBytes } })
  return {
    home,
    files,
    blobs,
    database,
    store: (...paths) => collect(files.store(paths.map((path) => ({ path, name: path })))),
    storedBytes: async () => (await collect(blobs.list())).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    [Symbol.asyncDispose]: async () => {
      await files.close()
      await database.close()
      if (options.home === undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** Where a blob is in a folder of blobs. */
export function blobPath(home: string, digest: Digest): string {
  const hex = digest.slice('sha256:'.length)
  return join(home, 'blobs', 'sha256', hex.slice(0, 2), hex.slice(2))
}
