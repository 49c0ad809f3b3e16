import { join } from 'node:path'
import { fail } from '#contract/errors'
import { missing, verified, type BlobStore, type Digest } from '../blobs/index.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Database } from '../database/index.ts'
import { openChunkIndex, placesOf, type ChunkIndex } from './chunk-index.ts'
import { oneChunkBytes } from './cut-rule.ts'
import { createFileCache } from './file-cache.ts'
import type { FileLayout, FileStore, StoredFile } from './file-store.ts'
import { blocksOfLayout, readLayout, segmentsIn, writeLayout } from './layout-text.ts'
import { pagesOf } from './pages-of.ts'
import { createStoredFiles, type StoredFileRow } from './stored-files.ts'
import { TaskPool } from './task-pool.ts'

export interface FileStoreOptions {
  readonly blobs: BlobStore
  readonly database: Pick<Database, 'query' | 'engine'>
  readonly clock: Clock
  readonly config: Pick<Config, 'home' | 'fileCacheBytes'>
}

export interface OpenFileStore extends FileStore {
  close(): Promise<void>
}

const pageSize = 1000
/** Each is a transaction, which is synced. */
const savedAtOnce = 20_000

/** The store of files on a blob store. Threads and the index of chunks are opened when they are first needed. */
export function openFiles({ blobs, database, clock, config }: FileStoreOptions): OpenFileStore {
  const stored = createStoredFiles(database, clock)
  const pool = new TaskPool()
  let opened: Promise<ChunkIndex> | undefined
  const index = (): Promise<ChunkIndex> => (opened ??= openIndex())

  /** A new index learns from the layouts what is stored. */
  const openIndex = async (): Promise<ChunkIndex> => {
    const found = openChunkIndex(join(config.home, 'cache'))
    if (!found.isNew) return found
    for await (const row of stored.largerThan(oneChunkBytes)) found.add(placesOf(segmentsIn(row, row.layout)))
    found.complete()
    return found
  }

  const findRows = async (digests: readonly Digest[]): Promise<(StoredFileRow | undefined)[]> => {
    const rows = new Map((await stored.find(digests)).map((row) => [row.digest, row]))
    return Promise.all(digests.map(async (digest) => rows.get(digest) ?? plainBlob(digest)))
  }

  const rowsOf = async (digests: readonly Digest[]): Promise<StoredFileRow[]> =>
    (await findRows(digests)).map((row, index) => row ?? missing(digests[index] as Digest))

  const plainBlob = async (digest: Digest): Promise<StoredFileRow | undefined> => {
    const blob = await blobs.head(digest)
    if (blob === undefined) return undefined
    return { ...blob, layout: writeLayout(layoutOfBlob(blob)) }
  }

  const parts = { blobs, pool, findRows, rowsOf }
  const cache = createFileCache(join(config.home, 'cache', 'files'), {
    ...parts,
    limitBytes: config.fileCacheBytes,
  })

  const present = async (
    digests: readonly Digest[],
    {
      find,
      exists,
      plainBlobs,
    }: {
      /** Each is a look at a disk: tens of thousands of them are seconds. */
      readonly plainBlobs: boolean
      readonly find: typeof stored.find | typeof stored.findToName
      readonly exists: (block: Digest) => Promise<boolean>
    },
  ): Promise<Map<Digest, StoredFile>> => {
    const asked = new Map<Digest, Promise<boolean>>()
    const ask = (block: Digest): Promise<boolean> => {
      const answer = asked.get(block) ?? exists(block)
      asked.set(block, answer)
      return answer
    }
    const found = new Map<Digest, StoredFile>()
    for (const { digest, sizeBytes, layout } of await find(digests)) {
      const blocks = await Promise.all(blocksOfLayout(layout).map(ask))
      if (blocks.every(Boolean)) found.set(digest, { digest, sizeBytes })
    }
    for (const digest of plainBlobs ? digests : []) {
      if (found.has(digest) || !(await ask(digest))) continue
      const blob = await blobs.head(digest)
      if (blob !== undefined) found.set(digest, blob)
    }
    return found
  }

  return {
    store: async function* (files, options = {}) {
      // Read when it is needed, as below: most commands store nothing, and each module costs their start a file.
      const { storeFiles } = await import('./store-files.ts')
      yield* storeFiles(files, options, { blobs, pool, stored, clock, index })
    },
    has: (digests) =>
      present(digests, {
        plainBlobs: true,
        find: stored.find,
        exists: async (block) => (await blobs.head(block)) !== undefined,
      }),
    renew: (digests, { plainBlobs = true } = {}) =>
      present(digests, {
        plainBlobs,
        find: stored.findToName,
        exists: async (block) => {
          await blobs.renew(block)
          return (await blobs.head(block)) !== undefined
        },
      }),
    stream: async (digest) => {
      const row = (await stored.find([digest])).at(0)
      if (row === undefined) return blobs.stream(digest)
      const { streamFile } = await import('./stream-file.ts')
      return verified(streamFile(readLayout(row, row.layout), blobs), digest)
    },
    localPath: (digest) => cache.pathOf(digest),
    materialize: async (files, options = {}) => {
      const { materializeFiles } = await import('./materialize-files.ts')
      await materializeFiles(files, options, parts)
    },
    layouts: async function* (digests) {
      for await (const page of pagesOf(digests, pageSize))
        for (const row of await rowsOf(page)) yield readLayout(row, row.layout)
    },
    addLayouts: async (layouts) => {
      for await (const page of pagesOf(layouts, savedAtOnce)) {
        page.forEach(requirePossible)
        await stored.save(
          page.map((layout) => ({
            digest: layout.digest,
            sizeBytes: layout.sizeBytes,
            layout: writeLayout(layout),
          })),
        )
        const found = await index()
        for (const { segments } of page) if (segments.length > 1) found.add(placesOf(segments))
      }
    },
    withBlocks: async function* (digests) {
      for await (const page of pagesOf(digests, pageSize)) {
        yield* page
        for (const { layout } of await stored.find(page)) yield* blocksOfLayout(layout)
      }
    },
    forget: (held, { before = Infinity } = {}) => stored.forget(held, before),
    verify: async function* (digests, options = {}) {
      const { verifyFiles } = await import('./verify-files.ts')
      yield* verifyFiles(digests, options, parts)
    },
    verifyLayouts: async function* (layouts, options = {}) {
      const { verifyLayouts } = await import('./verify-files.ts')
      yield* verifyLayouts(layouts, options, parts)
    },
    close: async () => {
      await pool.close()
      const found = await opened?.catch(() => undefined)
      opened = undefined
      found?.close()
    },
  }
}

function layoutOfBlob({ digest, sizeBytes }: StoredFile): FileLayout {
  const segment = { chunk: digest, sizeBytes, block: digest, offset: 0, storedBytes: sizeBytes }
  return { digest, sizeBytes, segments: sizeBytes === 0 ? [] : [{ ...segment, encoding: 'plain' }] }
}

/** A layout that came from elsewhere. Whether its chunks are right is seen when the file is read. */
function requirePossible({ digest, sizeBytes, segments }: FileLayout): void {
  const isPossible = segments.every(
    ({ sizeBytes: size, storedBytes, offset, encoding }) =>
      [size, storedBytes, offset].every((number) => Number.isSafeInteger(number) && number >= 0) &&
      (encoding === 'zstd' || size === storedBytes),
  )
  const total = segments.reduce((sum, segment) => sum + segment.sizeBytes, 0)
  if (isPossible && total === sizeBytes) return
  fail('storage_corrupt', `What was said about the chunks of ${digest} cannot be.`, {
    hint: 'Where it came from is damaged: verify it there.',
  })
}
