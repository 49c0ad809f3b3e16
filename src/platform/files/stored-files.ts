import type { Kysely } from 'kysely'
import type { Digest } from '../blobs/index.ts'
import type { Clock } from '../clock.ts'
import { bulkInsert, type Database, type Migration } from '../database/index.ts'

type StoredFilesTables = {
  stored_files: {
    digest: string
    size_bytes: number
    /** See `LayoutWriter`. */
    layout: string
    /** When it was last stored, or found by someone who was about to name it. */
    renewed_at: number
  }
}

export const fileMigrations: readonly Migration[] = [
  {
    number: 6,
    name: 'stored files',
    up: async (query) => {
      await query.schema
        .createTable('stored_files')
        .addColumn('digest', 'text', (column) => column.primaryKey())
        .addColumn('size_bytes', 'bigint', (column) => column.notNull())
        .addColumn('layout', 'text', (column) => column.notNull())
        .addColumn('renewed_at', 'bigint', (column) => column.notNull())
        .execute()
    },
  },
]

export interface StoredFileRow {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly layout: string
}

/** What is not younger than this may be forgotten, unless it is named: nobody stores for an hour before naming. */
export const forgettableMs = 60 * 60_000
/** What is younger than this need not be made young. */
export const youngMs = 30 * 60_000
/** As many as one statement may ask for on both engines without thinking. */
const pageSize = 1000

/** The table of stored files: all SQL about it. */
export function createStoredFiles(database: Pick<Database, 'query' | 'engine'>, clock: Clock) {
  const query = database.query.withTables<StoredFilesTables>()

  const find = async (digests: readonly Digest[]): Promise<(StoredFileRow & { renewedAt: number })[]> => {
    const found: (StoredFileRow & { renewedAt: number })[] = []
    for (let start = 0; start < digests.length; start += pageSize) {
      const rows = await query
        .selectFrom('stored_files')
        .selectAll()
        .where('digest', 'in', digests.slice(start, start + pageSize))
        .execute()
      for (const row of rows) {
        const { size_bytes: sizeBytes, layout, renewed_at: renewedAt } = row
        found.push({ digest: row.digest as Digest, sizeBytes, layout, renewedAt })
      }
    }
    return found
  }

  return {
    find,
    /** The same for whoever is about to name them: they are young afterwards, so nobody forgets them meanwhile. */
    findToName: async (digests: readonly Digest[]): Promise<StoredFileRow[]> => {
      const found = await find(digests)
      const now = clock.now()
      const old = found.filter(({ renewedAt }) => now - renewedAt >= youngMs)
      const kept = new Set<string>()
      for (let start = 0; start < old.length; start += pageSize) {
        const page = old.slice(start, start + pageSize).map(({ digest }) => digest)
        const rows = await query
          .updateTable('stored_files')
          .set({ renewed_at: now })
          .where('digest', 'in', page)
          .returning('digest')
          .execute()
        for (const { digest } of rows) kept.add(digest)
      }
      // One that is gone was forgotten a moment ago.
      return found.filter(({ digest, renewedAt }) => now - renewedAt < youngMs || kept.has(digest))
    },
    /** Written again, a file has the newer layout: the older may name a block that is gone. */
    save: async (files: readonly StoredFileRow[]): Promise<void> => {
      // Each once, as one statement must on PostgreSQL; in one order, so that two who save the same wait for each other only.
      const rows = [...new Map(files.map((row) => [row.digest, row])).values()].sort((a, b) =>
        a.digest < b.digest ? -1 : 1,
      )
      const now = clock.now()
      const text = (name: string, values: readonly string[]) => ({ name, type: 'text', values })
      const number = (name: string, values: readonly number[]) => ({ name, type: 'bigint', values })
      await query.transaction().execute((transaction) =>
        bulkInsert(transaction as unknown as Kysely<never>, database.engine, {
          table: 'stored_files',
          columns: [
            text(
              'digest',
              rows.map(({ digest }) => digest),
            ),
            number(
              'size_bytes',
              rows.map(({ sizeBytes }) => sizeBytes),
            ),
            text(
              'layout',
              rows.map(({ layout }) => layout),
            ),
            number(
              'renewed_at',
              rows.map(() => now),
            ),
          ],
          onConflict: '(digest) do update set layout = excluded.layout, renewed_at = excluded.renewed_at',
        }),
      )
    },
    /** Removes old ones that are not held; answers how many. */
    forget: async (held: (digest: Digest) => boolean, storedBefore: number): Promise<number> => {
      const before = Math.min(storedBefore, clock.now() - forgettableMs)
      let forgotten = 0
      for (let last = ''; ;) {
        const page = await query
          .selectFrom('stored_files')
          .select(['digest', 'renewed_at'])
          .where('digest', '>', last)
          .orderBy('digest')
          .limit(pageSize)
          .execute()
        const end = page.at(-1)
        if (end === undefined) return forgotten
        last = end.digest
        const unnamed = page
          .filter(({ digest, renewed_at: at }) => at < before && !held(digest as Digest))
          .map(({ digest }) => digest)
        if (unnamed.length === 0) continue
        // The age is looked at again: someone may have found it meanwhile.
        const { numDeletedRows } = await query
          .deleteFrom('stored_files')
          .where('digest', 'in', unnamed)
          .where('renewed_at', '<', before)
          .executeTakeFirst()
        forgotten += Number(numDeletedRows)
      }
    },
    largerThan: async function* (leastBytes: number): AsyncIterable<StoredFileRow> {
      for (let last = ''; ;) {
        const page = await query
          .selectFrom('stored_files')
          .select(['digest', 'size_bytes', 'layout'])
          .where('digest', '>', last)
          .where('size_bytes', '>', leastBytes)
          .orderBy('digest')
          .limit(100)
          .execute()
        for (const { digest, size_bytes: sizeBytes, layout } of page)
          yield { digest: digest as Digest, sizeBytes, layout }
        const end = page.at(-1)
        if (end === undefined) return
        last = end.digest
      }
    },
  }
}

export type StoredFiles = ReturnType<typeof createStoredFiles>
