import { mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Digest } from '../blobs/index.ts'
import type { Segment } from './file-store.ts'

/** Where the bytes of a chunk are. */
export type Place = Omit<Segment, 'chunk'>

export interface ChunkIndex {
  /** True until someone has told it what was stored before it was made. */
  readonly isNew: boolean
  complete(): void
  find(sha256: string): Place | undefined
  add(places: Iterable<{ readonly sha256: string; readonly place: Place }>): void
  /** Nothing in this block is found any more. */
  dropBlock(block: Digest): void
  close(): void
}

/** Set when the index knows what was stored before it was made. */
const complete = 1

/**
 * Which chunks are stored, and where: a cache on this machine, next to the truth in the metadata store. Losing it costs that
 * chunks are stored twice. It is not synced with every commit, which WAL permits: after a power cut the last of it is
 * missing, and the rest is whole. Another schema is another file: tables that vanish under another process would give
 * its numbers of blocks another meaning.
 */
export function openChunkIndex(folder: string): ChunkIndex {
  const path = join(folder, 'chunks-1.db')
  try {
    return indexOn(openAt(path))
  } catch {
    // Damaged, or without room: begun anew, or done without.
  }
  try {
    for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true })
    return indexOn(openAt(path))
  } catch {
    return noIndex
  }
}

const noIndex: ChunkIndex = {
  isNew: false,
  complete: () => undefined,
  find: () => undefined,
  add: () => undefined,
  dropBlock: () => undefined,
  close: () => undefined,
}

function openAt(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const database = new DatabaseSync(path, { timeout: 5000 })
  try {
    // Numbers of blocks are never used again (AUTOINCREMENT): another process may remember them.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = NORMAL;
      PRAGMA cache_size = -16000;
      CREATE TABLE IF NOT EXISTS blocks (id INTEGER PRIMARY KEY AUTOINCREMENT, digest TEXT NOT NULL UNIQUE);
      CREATE TABLE IF NOT EXISTS places (
        chunk BLOB PRIMARY KEY, block INTEGER NOT NULL, position INTEGER NOT NULL,
        size INTEGER NOT NULL, stored INTEGER NOT NULL, compressed INTEGER NOT NULL
      ) WITHOUT ROWID`)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

function indexOn(database: DatabaseSync): ChunkIndex {
  const found = database.prepare('PRAGMA user_version').get() as { user_version: number }
  const findPlace = database.prepare('SELECT * FROM places WHERE chunk = ?')
  const findBlock = database.prepare('SELECT digest FROM blocks WHERE id = ?')
  const addBlock = database.prepare(
    'INSERT INTO blocks (digest) VALUES (?) ON CONFLICT (digest) DO UPDATE SET digest = digest RETURNING id',
  )
  const addPlace = database.prepare('INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?, ?)')
  const removeBlock = database.prepare('DELETE FROM blocks WHERE digest = ?')
  const digests = new Map<number, Digest>()

  const digestOf = (id: number): Digest | undefined => {
    const known = digests.get(id)
    if (known !== undefined) return known
    const row = findBlock.get(id)
    if (row === undefined) return undefined
    digests.set(id, row['digest'] as Digest)
    return row['digest'] as Digest
  }

  return {
    isNew: found.user_version !== complete,
    complete: () => database.exec(`PRAGMA user_version = ${complete}`),
    find: (sha256) => {
      const row = findPlace.get(Buffer.from(sha256, 'hex')) as Record<string, number> | undefined
      if (row === undefined) return undefined
      const { block, position: offset, size: sizeBytes, stored: storedBytes, compressed } = row
      const digest = digestOf(block as number)
      if (digest === undefined) return undefined
      return {
        block: digest,
        offset: offset as number,
        sizeBytes: sizeBytes as number,
        storedBytes: storedBytes as number,
        encoding: compressed === 1 ? 'zstd' : 'plain',
      }
    },
    add: (places) => {
      try {
        database.exec('BEGIN IMMEDIATE')
        const ids = new Map<Digest, number>()
        for (const { sha256, place } of places) {
          const id = ids.get(place.block) ?? (addBlock.get(place.block) as { id: number }).id
          ids.set(place.block, id)
          const { offset, sizeBytes, storedBytes } = place
          const compressed = place.encoding === 'zstd' ? 1 : 0
          addPlace.run(Buffer.from(sha256, 'hex'), id, offset, sizeBytes, storedBytes, compressed)
        }
        database.exec('COMMIT')
      } catch {
        // Full, or held by another process for long: these chunks will not be found again, and that is all.
        if (database.isTransaction) database.exec('ROLLBACK')
      }
    },
    dropBlock: (block) => {
      removeBlock.run(block)
      digests.clear()
    },
    close: () => database.close(),
  }
}

/** The chunks of a file as an index takes them. */
export function* placesOf(segments: Iterable<Segment>): Iterable<{ sha256: string; place: Place }> {
  for (const { chunk, ...place } of segments) yield { sha256: chunk.slice('sha256:'.length), place }
}
