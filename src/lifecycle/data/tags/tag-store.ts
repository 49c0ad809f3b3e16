import type { Selectable } from 'kysely'
import type { Database } from '#platform/database/index'
import type { DataTables } from '../tables.ts'
import type { DatasetTag } from './dataset-tag.ts'

export interface TagStore {
  tag(dataset: string, tag: string): Promise<DatasetTag | undefined>
  /** By name. */
  tags(dataset: string): Promise<DatasetTag[]>
  /** Sets the tag if nobody has it; answers whether it was free. */
  addTag(tag: DatasetTag): Promise<boolean>
  moveTag(tag: DatasetTag): Promise<void>
  removeTag(dataset: string, tag: string): Promise<void>
}

export function createTagStore(database: Database): TagStore {
  const query = database.query.withTables<DataTables>()
  const rowOf = ({ dataset, tag, version, createdAt, createdBy }: DatasetTag) => ({
    dataset,
    tag,
    version,
    created_at: createdAt,
    created_by: createdBy,
  })
  return {
    tag: async (dataset, tag) => {
      const row = await query
        .selectFrom('dataset_tags')
        .selectAll()
        .where('dataset', '=', dataset)
        .where('tag', '=', tag)
        .executeTakeFirst()
      return row === undefined ? undefined : toTag(row)
    },
    tags: async (dataset) => {
      const rows = await query
        .selectFrom('dataset_tags')
        .selectAll()
        .where('dataset', '=', dataset)
        .orderBy('tag')
        .execute()
      return rows.map(toTag)
    },
    addTag: async (tag) => {
      const added = await query
        .insertInto('dataset_tags')
        .values(rowOf(tag))
        .onConflict((conflict) => conflict.columns(['dataset', 'tag']).doNothing())
        .executeTakeFirst()
      return added.numInsertedOrUpdatedRows !== 0n
    },
    moveTag: async (tag) => {
      const { version, created_at, created_by } = rowOf(tag)
      await query
        .insertInto('dataset_tags')
        .values(rowOf(tag))
        .onConflict((conflict) =>
          conflict.columns(['dataset', 'tag']).doUpdateSet({ version, created_at, created_by }),
        )
        .execute()
    },
    removeTag: async (dataset, tag) => {
      await query.deleteFrom('dataset_tags').where('dataset', '=', dataset).where('tag', '=', tag).execute()
    },
  }
}

function toTag(row: Selectable<DataTables['dataset_tags']>): DatasetTag {
  const { dataset, tag, version, created_at: createdAt, created_by: createdBy } = row
  return { dataset, tag, version, createdAt, createdBy }
}
