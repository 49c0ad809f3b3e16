import { createHash } from 'node:crypto'
import type { Database } from '#platform/database/index'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import type { GraphSettings } from '../deployment/graph.ts'
import type { UpstreamPlan } from '../deployment/upstream.ts'
import type { ComposedModelTables } from './tables.ts'

/** What a composed model is, with everything that could change pinned. */
export type ComposedDocument =
  | {
      readonly kind: 'graph'
      readonly graph: GraphSettings
      /** By node. */
      readonly pinned: Readonly<Record<string, { readonly model: string; readonly version: number }>>
    }
  | { readonly kind: 'upstream'; readonly upstream: UpstreamPlan; readonly signature: ModelSignature }

export function createComposedModelStore(database: Database) {
  const query = database.query.withTables<ComposedModelTables>()
  return {
    get: async (model: string, version: number): Promise<ComposedDocument | undefined> => {
      const row = await query
        .selectFrom('composed_models')
        .select('document')
        .where('model', '=', model)
        .where('version', '=', version)
        .executeTakeFirst()
      return row === undefined ? undefined : (JSON.parse(row.document) as ComposedDocument)
    },
    /** The version that says the same, or a new one after the last. */
    keep: (model: string, document: ComposedDocument, now: number): Promise<number> =>
      query.transaction().execute(async (transaction) => {
        const text = JSON.stringify(document)
        const digest = createHash('sha256').update(text).digest('hex')
        const rows = await transaction
          .selectFrom('composed_models')
          .select(['version', 'digest'])
          .where('model', '=', model)
          .execute()
        const same = rows.find((row) => row.digest === digest)
        if (same !== undefined) return same.version
        const version = Math.max(0, ...rows.map((row) => row.version)) + 1
        const row = { model, version, digest, document: text, created_at: now }
        await transaction.insertInto('composed_models').values(row).execute()
        return version
      }),
  }
}

export type ComposedModelStore = ReturnType<typeof createComposedModelStore>
