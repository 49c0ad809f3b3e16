import { randomUUIDv7 } from 'node:crypto'
import { sql, type Selectable } from 'kysely'
import { fail } from '#contract/errors'
import type { Database } from '#platform/database/index'
import type { Digest } from '#platform/blobs/index'
import type { DatasetVersion, Rejection, VersionSummary } from './versions/dataset-version.ts'
import type { Validators } from './sources/download.ts'
import {
  createSourceStore,
  writeBeside,
  type BesideVersion,
  type SourceStore,
} from './sources/source-store.ts'
import type { DataTables } from './tables.ts'

/** What only some versions have, or what follows from the rest. */
type OptionalFields = 'kind' | 'files' | 'tree' | 'producedBy' | 'originals' | 'quarantined'
export type NewVersion = Omit<DatasetVersion, 'version' | 'partCount' | 'outcome' | OptionalFields> &
  Partial<Pick<DatasetVersion, OptionalFields>> & {
    /** The newest version, which it follows in number; where it was made from an older one. */
    readonly newest?: number | undefined
  }
export type NewRejection = Omit<Rejection, 'id' | 'times'> & { readonly judged: Digest }

interface Counts {
  readonly dataset: string
  readonly versions: number
  readonly rejections: number
}

export interface DataStore extends SourceStore {
  version(dataset: string, version: number | 'latest'): Promise<DatasetVersion | undefined>
  /** The version of that digest, by preference the one of that number. */
  versionOf(
    dataset: string,
    wanted: { readonly digest: Digest; readonly version: number },
  ): Promise<DatasetVersion | undefined>
  /** Newest first. */
  versions(dataset: string, page: { limit: number; before?: number | undefined }): Promise<VersionSummary[]>
  counts(): Promise<Counts[]>
  /** Adds the version after `parent`; fails with `conflict` when somebody else was faster. */
  addVersion(version: NewVersion, beside?: BesideVersion): Promise<DatasetVersion>
  unannouncedVersions(dataset: string): Promise<DatasetVersion[]>
  markVersionAnnounced(dataset: string, version: number): Promise<void>
  /** Newest first. */
  rejections(dataset: string, limit: number): Promise<Rejection[]>
  rejectionOf(dataset: string, judged: Digest): Promise<Rejection | undefined>
  addRejection(rejection: NewRejection): Promise<Rejection>
  countRejection(id: string): Promise<void>
  unannouncedRejections(dataset: string): Promise<Rejection[]>
  markRejectionAnnounced(id: string): Promise<void>
  lastDownload(dataset: string, url: string): Promise<(Validators & { digest: Digest }) | undefined>
  saveDownload(
    dataset: string,
    url: string,
    download: Validators & { digest: Digest; at: number },
  ): Promise<void>
}

export function createDataStore(database: Database): DataStore {
  const query = database.query.withTables<DataTables>()
  const versionRow = async (dataset: string, version: number | 'latest') => {
    const select = query.selectFrom('dataset_versions').selectAll().where('dataset', '=', dataset)
    return version === 'latest'
      ? select.orderBy('version', 'desc').limit(1).executeTakeFirst()
      : select.where('version', '=', version).executeTakeFirst()
  }

  return {
    version: async (dataset, version) => {
      const row = await versionRow(dataset, version)
      return row === undefined ? undefined : toVersion(row)
    },
    versionOf: async (dataset, { digest, version }) => {
      const rows = await query
        .selectFrom('dataset_versions')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('digest', '=', digest)
        .orderBy('version', 'desc')
        .execute()
      const row = rows.find((each) => each.version === version) ?? rows[0]
      return row === undefined ? undefined : toVersion(row)
    },
    versions: async (dataset, { limit, before }) => {
      let select = query
        .selectFrom('dataset_versions')
        .selectAll()
        .where('dataset', '=', dataset)
        .orderBy('version', 'desc')
        .limit(limit)
      if (before !== undefined) select = select.where('version', '<', before)
      return (await select.execute()).map(toSummary)
    },
    counts: async () => {
      const versions = await query
        .selectFrom('dataset_versions')
        .select(['dataset', sql<number>`count(*)`.as('count')])
        .groupBy('dataset')
        .execute()
      const rejections = await query
        .selectFrom('dataset_rejections')
        .select(['dataset', sql<number>`count(*)`.as('count')])
        .groupBy('dataset')
        .execute()
      const names = new Set([...versions, ...rejections].map(({ dataset }) => dataset))
      const countOf = (rows: typeof versions, name: string): number =>
        rows.find(({ dataset }) => dataset === name)?.count ?? 0
      return [...names].sort().map((dataset) => ({
        dataset,
        versions: countOf(versions, dataset),
        rejections: countOf(rejections, dataset),
      }))
    },
    ...createSourceStore(database),
    addVersion: (version, beside = {}) =>
      query.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('datasets')
          .values({ name: version.dataset, created_at: version.createdAt, created_by: version.createdBy })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute()
        const row = toRow(version)
        const added = await transaction
          .insertInto('dataset_versions')
          .values(row)
          .onConflict((conflict) => conflict.columns(['dataset', 'version']).doNothing())
          .executeTakeFirst()
        if (added.numInsertedOrUpdatedRows === 0n) {
          fail(
            'conflict',
            `Version ${row.version} of "${version.dataset}" was added by somebody else meanwhile.`,
            {
              hint: 'Run the command again; what has arrived already is left out.',
            },
          )
        }
        await writeBeside(transaction, { ...version, version: row.version }, beside)
        return toVersion(row)
      }),
    unannouncedVersions: async (dataset) => {
      const rows = await query
        .selectFrom('dataset_versions')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('announced', '=', 0)
        .orderBy('version')
        .execute()
      return rows.map(toVersion)
    },
    markVersionAnnounced: async (dataset, version) => {
      await query
        .updateTable('dataset_versions')
        .set({ announced: 1 })
        .where('dataset', '=', dataset)
        .where('version', '=', version)
        .execute()
    },
    rejections: async (dataset, limit) => {
      const rows = await query
        .selectFrom('dataset_rejections')
        .selectAll()
        .where('dataset', '=', dataset)
        .orderBy('id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(toRejection)
    },
    rejectionOf: async (dataset, judged) => {
      const row = await query
        .selectFrom('dataset_rejections')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('judged', '=', judged)
        .executeTakeFirst()
      return row === undefined ? undefined : toRejection(row)
    },
    addRejection: async ({ judged, files, code, message, hint, validation, ...rejection }) => {
      const row: DataTables['dataset_rejections'] = {
        id: randomUUIDv7(),
        dataset: rejection.dataset,
        judged,
        files: JSON.stringify(files),
        reason: JSON.stringify({ code, message, hint }),
        validation: validation === null ? null : JSON.stringify(validation),
        times: 1,
        created_at: rejection.createdAt,
        created_by: rejection.createdBy,
        announced: 0,
      }
      await query
        .insertInto('dataset_rejections')
        .values(row)
        .onConflict((conflict) => conflict.columns(['dataset', 'judged']).doNothing())
        .execute()
      return toRejection(row)
    },
    countRejection: async (id) => {
      await query
        .updateTable('dataset_rejections')
        .set({ times: sql<number>`times + 1` })
        .where('id', '=', id)
        .execute()
    },
    unannouncedRejections: async (dataset) => {
      const rows = await query
        .selectFrom('dataset_rejections')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('announced', '=', 0)
        .orderBy('id')
        .execute()
      return rows.map(toRejection)
    },
    markRejectionAnnounced: async (id) => {
      await query.updateTable('dataset_rejections').set({ announced: 1 }).where('id', '=', id).execute()
    },
    lastDownload: async (dataset, url) => {
      const row = await query
        .selectFrom('dataset_downloads')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('url', '=', url)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const { etag, last_modified: lastModified, digest } = row
      return { etag: etag ?? undefined, lastModified: lastModified ?? undefined, digest: digest as Digest }
    },
    saveDownload: async (dataset, url, { etag, lastModified, digest, at }) => {
      const state = { etag: etag ?? null, last_modified: lastModified ?? null, digest, fetched_at: at }
      await query
        .insertInto('dataset_downloads')
        .values({ dataset, url, ...state })
        .onConflict((conflict) => conflict.columns(['dataset', 'url']).doUpdateSet(state))
        .execute()
    },
  }
}

export function toRow(version: NewVersion): DataTables['dataset_versions'] {
  const { columns, parts, tree, kind = 'table', producedBy, originals = [] } = version
  return {
    dataset: version.dataset,
    version: (version.newest ?? version.parent ?? 0) + 1,
    digest: version.digest,
    row_count: version.rows,
    size_bytes: version.sizeBytes,
    part_count: version.files ?? parts.length,
    manifest: JSON.stringify({
      columns,
      parts,
      ...(tree && { tree }),
      ...(originals.length > 0 && { originals }),
    }),
    profile_digest: version.profileDigest,
    validation: JSON.stringify(version.validation),
    source: JSON.stringify(version.source),
    parent: version.parent,
    code: version.code === null ? null : JSON.stringify(version.code),
    created_at: version.createdAt,
    created_by: version.createdBy,
    announced: 0,
    kind,
    produced_by: producedBy === undefined || producedBy === null ? null : JSON.stringify(producedBy),
  }
}

type VersionRow = Selectable<DataTables['dataset_versions']>

function toSummary(row: VersionRow): VersionSummary {
  const { outcome, quarantined = 0 } = JSON.parse(row.validation) as DatasetVersion['validation']
  return {
    dataset: row.dataset,
    kind: row.kind as DatasetVersion['kind'],
    version: row.version,
    digest: row.digest as Digest,
    rows: row.row_count,
    sizeBytes: row.size_bytes,
    partCount: row.part_count,
    files: row.part_count,
    parent: row.parent,
    outcome,
    quarantined,
    createdAt: row.created_at,
    createdBy: row.created_by,
  }
}

export function toVersion(row: VersionRow): DatasetVersion {
  const manifest = JSON.parse(row.manifest) as Pick<DatasetVersion, 'columns' | 'parts'> & {
    tree?: DatasetVersion['tree']
    originals?: DatasetVersion['originals']
  }
  return {
    ...toSummary(row),
    ...manifest,
    tree: manifest.tree ?? null,
    originals: manifest.originals ?? [],
    source: JSON.parse(row.source) as DatasetVersion['source'],
    validation: JSON.parse(row.validation) as DatasetVersion['validation'],
    profileDigest: row.profile_digest as Digest,
    code: row.code === null ? null : (JSON.parse(row.code) as DatasetVersion['code']),
    producedBy:
      row.produced_by === null ? null : (JSON.parse(row.produced_by) as DatasetVersion['producedBy']),
  }
}

function toRejection(row: Selectable<DataTables['dataset_rejections']>): Rejection {
  const reason = JSON.parse(row.reason) as Pick<Rejection, 'code' | 'message' | 'hint'>
  return {
    id: row.id,
    dataset: row.dataset,
    files: JSON.parse(row.files) as Rejection['files'],
    ...reason,
    validation: row.validation === null ? null : (JSON.parse(row.validation) as Rejection['validation']),
    times: row.times,
    createdAt: row.created_at,
    createdBy: row.created_by,
  }
}
