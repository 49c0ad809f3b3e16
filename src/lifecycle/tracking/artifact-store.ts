import { sql, type Kysely, type RawBuilder } from 'kysely'
import type { Digest } from '#platform/blobs/index'
import type { Engine } from '#platform/database/index'
import type { ArtifactEntry } from './contract.ts'
import { groupCommit } from './group-commit.ts'
import type { TrackingTables } from './tables.ts'

export interface StoredArtifact {
  readonly path: string
  readonly digest: Digest
  readonly sizeBytes: number
}

/** Whose tree of artifacts: a run's, a logged model's, or the one of all that is neither. */
export type ArtifactOwner =
  | { readonly kind: 'run' | 'logged model'; readonly number: number }
  | { readonly kind: 'loose' }

interface NamedArtifact {
  readonly owner: ArtifactOwner
  readonly artifact: StoredArtifact
  readonly now: number
}

/** All SQL about artifacts: which path of which tree has which bytes. Lists are by path in byte order. */
export function createArtifactStore(
  query: Kysely<TrackingTables>,
  engine: Engine,
  { pageRows = 1000 }: { readonly pageRows?: number } = {},
) {
  // The same words as in the index, or PostgreSQL would not take it.
  const path = sql.raw(engine === 'postgres' ? 'path collate "C"' : 'path')

  const within = (owner: ArtifactOwner): RawBuilder<unknown> => {
    switch (owner.kind) {
      case 'run':
        return sql`run_artifacts where run_number = ${owner.number}`
      case 'logged model':
        return sql`logged_model_artifacts where model_number = ${owner.number}`
      case 'loose':
        return sql`loose_artifacts where true`
    }
  }

  const read = async (
    executor: Kysely<TrackingTables>,
    owner: ArtifactOwner,
    { condition, limit }: { condition: RawBuilder<unknown>; limit?: number },
  ): Promise<StoredArtifact[]> => {
    const { rows } = await sql<{ path: string; digest: Digest; size_bytes: number }>`
      select path, digest, size_bytes from ${within(owner)} and ${condition}
      order by ${path} ${limit === undefined ? sql`` : sql`limit ${limit}`}`.execute(executor)
    return rows.map((row) => ({ path: row.path, digest: row.digest, sizeBytes: row.size_bytes }))
  }

  /** What lies below a folder: all that begins with `folder/`, and `0` is what follows the slash. */
  const below = (folder: string): RawBuilder<unknown> =>
    folder === '' ? sql`true` : sql`${path} >= ${`${folder}/`} and ${path} < ${`${folder}0`}`

  const write = async (
    transaction: Kysely<TrackingTables>,
    { owner, artifact, now }: NamedArtifact,
  ): Promise<string | undefined> => {
    const parts = artifact.path.split('/')
    const folders = parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
    const [inTheWay] = await read(transaction, owner, {
      condition:
        folders.length === 0
          ? below(artifact.path)
          : sql`((${below(artifact.path)}) or path in (${sql.join(folders)}))`,
      limit: 1,
    })
    if (inTheWay !== undefined) return inTheWay.path
    const content = { digest: artifact.digest, size_bytes: artifact.sizeBytes, logged_at: now }
    const row = { path: artifact.path, ...content }
    switch (owner.kind) {
      case 'run':
        await transaction
          .insertInto('run_artifacts')
          .values({ run_number: owner.number, ...row })
          .onConflict((conflict) => conflict.columns(['run_number', 'path']).doUpdateSet(content))
          .execute()
        return undefined
      case 'logged model':
        await transaction
          .insertInto('logged_model_artifacts')
          .values({ model_number: owner.number, ...row })
          .onConflict((conflict) => conflict.columns(['model_number', 'path']).doUpdateSet(content))
          .execute()
        return undefined
      case 'loose':
        await transaction
          .insertInto('loose_artifacts')
          .values(row)
          .onConflict((conflict) => conflict.column('path').doUpdateSet(content))
          .execute()
        return undefined
    }
  }

  const writeInGroup = groupCommit<NamedArtifact, string | undefined>((group) =>
    query.transaction().execute(async (transaction) => {
      const outcomes: (string | undefined)[] = []
      for (const one of group) outcomes.push(await write(transaction, one))
      return outcomes
    }),
  )

  return {
    /** Everything in a folder, however deep; `''` for all. */
    all: (owner: ArtifactOwner, folder = ''): Promise<StoredArtifact[]> =>
      read(query, owner, { condition: below(folder) }),

    find: async (owner: ArtifactOwner, name: string): Promise<StoredArtifact | undefined> =>
      (await read(query, owner, { condition: sql`${path} = ${name}`, limit: 1 }))[0],

    /** The files and folders of one folder. Steps over what is inside of the folders, where that is much. */
    list: async (owner: ArtifactOwner, folder: string): Promise<ArtifactEntry[]> => {
      const entries: ArtifactEntry[] = []
      const start = folder === '' ? 0 : folder.length + 1
      let from = folder === '' ? '' : `${folder}/`
      for (;;) {
        const rows = await read(query, owner, {
          condition: sql`${below(folder)} and ${path} >= ${from}`,
          limit: pageRows,
        })
        for (const artifact of rows) {
          const entry = entryOf(artifact, start)
          if (!entry.isDirectory || entries.at(-1)?.path !== entry.path) entries.push(entry)
        }
        const last = entries.at(-1)
        if (rows.length < pageRows || last === undefined) return entries
        from = last.isDirectory ? `${last.path}0` : `${last.path}\u0001`
      }
    },

    /** Writes or replaces; answers the path that is in the way when a file would have to be a folder or the reverse. */
    put: (owner: ArtifactOwner, artifact: StoredArtifact, now: number): Promise<string | undefined> =>
      writeInGroup({ owner, artifact, now }),

    /** Forgets a file, or a folder with all that is in it; `''` for all. The bytes stay until they are reclaimed. */
    remove: async (owner: ArtifactOwner, name: string): Promise<void> => {
      const condition = name === '' ? sql`true` : sql`((${below(name)}) or path = ${name})`
      await sql`delete from ${within(owner)} and ${condition}`.execute(query)
    },
  }
}

function entryOf({ path, digest, sizeBytes }: StoredArtifact, start: number): ArtifactEntry {
  const slash = path.indexOf('/', start)
  return slash === -1
    ? { path, isDirectory: false, digest, sizeBytes }
    : { path: path.slice(0, slash), isDirectory: true }
}
