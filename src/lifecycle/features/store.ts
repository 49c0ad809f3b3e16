import type { Database } from '#platform/database/index'
import type { SplitRecord } from './splits/split-step.ts'
import type { FeatureTables } from './tables.ts'
import type { ViewConfig } from './views/feature-view.ts'

export interface ViewVersion {
  readonly view: string
  readonly version: number
  readonly digest: string
  readonly definition: ViewConfig
  readonly createdAt: number
  readonly createdBy: string
}

export interface FeatureUse {
  readonly view: string
  readonly version: number
  readonly features: readonly string[]
  readonly user: { readonly kind: 'step' | 'run'; readonly id: string; readonly name: string }
  readonly usedAt: number
  readonly usedBy: string
}

export interface Materialization {
  readonly view: string
  readonly version: number
  readonly source: { readonly label: string; readonly digest: string }
  readonly keys: number
  readonly sizeBytes: number
  readonly watermark: number
  readonly watermarkRows: number
  readonly createdAt: number
  readonly createdBy: string
}

export interface KeptSplit extends SplitRecord {
  readonly id: string
  readonly createdAt: number
  readonly createdBy: string
}

export type FeatureStore = ReturnType<typeof createFeatureStore>

/** All SQL of the stage. */
export function createFeatureStore(database: Database) {
  const query = database.query.withTables<FeatureTables>()

  const versions = async (view?: string): Promise<ViewVersion[]> => {
    const rows = await query
      .selectFrom('feature_view_versions')
      .selectAll()
      .$if(view !== undefined, (select) => select.where('view', '=', view ?? ''))
      .orderBy('view')
      .orderBy('version', 'desc')
      .execute()
    return rows.map((row) => ({
      view: row.view,
      version: row.version,
      digest: row.digest,
      definition: JSON.parse(row.definition) as ViewConfig,
      createdAt: row.created_at,
      createdBy: row.created_by,
    }))
  }

  return {
    versions,
    /** The version with this digest: the one that is there, or a new one after the newest. */
    keepVersion: (
      entry: Pick<ViewVersion, 'view' | 'digest' | 'definition'>,
      made: { readonly at: number; readonly by: string },
    ): Promise<{ version: number; isNew: boolean }> =>
      query.transaction().execute(async (transaction) => {
        const known = await transaction
          .selectFrom('feature_view_versions')
          .select(['version', 'digest'])
          .where('view', '=', entry.view)
          .execute()
        const same = known.find(({ digest }) => digest === entry.digest)
        if (same !== undefined) return { version: same.version, isNew: false }
        const version = Math.max(0, ...known.map(({ version }) => version)) + 1
        await transaction
          .insertInto('feature_view_versions')
          .values({
            view: entry.view,
            version,
            digest: entry.digest,
            definition: JSON.stringify(entry.definition),
            created_at: made.at,
            created_by: made.by,
          })
          .execute()
        return { version, isNew: true }
      }),
    addUse: async ({ view, version, features, user, usedAt, usedBy }: FeatureUse): Promise<void> => {
      await query
        .insertInto('feature_uses')
        .values({
          id: `${view}@${version} ${user.kind} ${user.id}`,
          view,
          version,
          features: JSON.stringify(features),
          user_kind: user.kind,
          user_id: user.id,
          user_name: user.name,
          used_at: usedAt,
          used_by: usedBy,
        })
        // A step that is tried again uses the same once more.
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
    },
    uses: async (view: string, limit: number): Promise<FeatureUse[]> => {
      const rows = await query
        .selectFrom('feature_uses')
        .selectAll()
        .where('view', '=', view)
        .orderBy('used_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        view: row.view,
        version: row.version,
        features: JSON.parse(row.features) as string[],
        user: { kind: row.user_kind as 'step' | 'run', id: row.user_id, name: row.user_name },
        usedAt: row.used_at,
        usedBy: row.used_by,
      }))
    },
    addSplit: async (split: KeptSplit): Promise<void> => {
      const { id, createdAt, createdBy, ...record } = split
      await query
        .insertInto('splits')
        .values({
          id,
          name: split.name,
          rule_digest: split.ruleDigest,
          source_digest: split.source.digest,
          record: JSON.stringify(record),
          created_at: createdAt,
          created_by: createdBy,
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
    },
    splits: async ({ name, limit }: { name?: string | undefined; limit: number }): Promise<KeptSplit[]> => {
      const rows = await query
        .selectFrom('splits')
        .selectAll()
        .$if(name !== undefined, (select) => select.where('name', '=', name ?? ''))
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map((row) => ({
        ...(JSON.parse(row.record) as SplitRecord),
        id: row.id,
        createdAt: row.created_at,
        createdBy: row.created_by,
      }))
    },
    /** Of one version, or of the newest that has any. */
    materialization: async (view: string, version?: number): Promise<Materialization | undefined> => {
      const row = await query
        .selectFrom('feature_materializations')
        .selectAll()
        .where('view', '=', view)
        .$if(version !== undefined, (select) => select.where('version', '=', version ?? 0))
        .orderBy('version', 'desc')
        .limit(1)
        .executeTakeFirst()
      if (row === undefined) return undefined
      return {
        view: row.view,
        version: row.version,
        source: { label: row.source_label, digest: row.source_digest },
        keys: row.key_count,
        sizeBytes: row.size_bytes,
        watermark: row.watermark,
        watermarkRows: row.watermark_rows,
        createdAt: row.created_at,
        createdBy: row.created_by,
      }
    },
    keepMaterialization: async (entry: Materialization): Promise<void> => {
      const values = {
        view: entry.view,
        version: entry.version,
        source_digest: entry.source.digest,
        source_label: entry.source.label,
        key_count: entry.keys,
        size_bytes: entry.sizeBytes,
        watermark: entry.watermark,
        watermark_rows: entry.watermarkRows,
        created_at: entry.createdAt,
        created_by: entry.createdBy,
      }
      await query
        .insertInto('feature_materializations')
        .values(values)
        .onConflict((conflict) => conflict.columns(['view', 'version']).doUpdateSet(values))
        .execute()
    },
  }
}
