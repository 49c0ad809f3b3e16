import { sql, type Kysely, type Selectable } from 'kysely'
import type { RegisteredModel } from './contract.ts'
import type { RegistryTables } from './tables.ts'

type Query = Kysely<RegistryTables>
type TextMap = Readonly<Record<string, string>>
export type ModelRow = Selectable<RegistryTables['registered_models']>

/** The tag that makes a registered model a prompt. */
export const promptTag = 'mlflow.prompt.is_prompt'

export interface NewModel {
  readonly name: string
  readonly description?: string
  readonly tags?: TextMap
  readonly actor: string
  readonly now: number
}

/** All SQL about registered models. */
export function createRegisteredModelStore(query: Query) {
  return {
    /** Answers whether the model is new. */
    ensureModel: async (transaction: Query, model: NewModel): Promise<boolean> => {
      const row = await transaction
        .insertInto('registered_models')
        .values({
          name: model.name,
          description: model.description ?? '',
          created_at: model.now,
          created_by: model.actor,
          updated_at: model.now,
          last_version: 0,
          deleted_at: null,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('number')
        .executeTakeFirst()
      if (row === undefined) return false
      await setModelTags(transaction, row.number, model.tags ?? {})
      return true
    },

    /** The number of the model, whose row stays locked until the transaction ends: changes to one model queue up. */
    lockModel: async (transaction: Query, name: string, now: number): Promise<number | undefined> => {
      const row = await transaction
        .updateTable('registered_models')
        .set({ updated_at: now })
        .where('name', '=', name)
        .where('deleted_at', 'is', null)
        .returning('number')
        .executeTakeFirst()
      return row?.number
    },

    modelNumber: async (name: string): Promise<number | undefined> => {
      const row = await query
        .selectFrom('registered_models')
        .select('number')
        .where('name', '=', name)
        .where('deleted_at', 'is', null)
        .executeTakeFirst()
      return row?.number
    },

    modelName: async (number: number): Promise<string | undefined> => {
      const row = await query
        .selectFrom('registered_models')
        .select('name')
        .where('number', '=', number)
        .where('deleted_at', 'is', null)
        .executeTakeFirst()
      return row?.name
    },

    /** The name that a model with this former name has now. */
    nameSince: async (formerName: string): Promise<string | undefined> => {
      const row = await query
        .selectFrom('former_model_names')
        .innerJoin('registered_models', 'registered_models.number', 'former_model_names.model_number')
        .select('registered_models.name')
        .where('former_model_names.name', '=', formerName)
        .where('deleted_at', 'is', null)
        .executeTakeFirst()
      return row?.name
    },

    formerNames: async (modelNumber: number): Promise<string[]> => {
      const rows = await query
        .selectFrom('former_model_names')
        .select('name')
        .where('model_number', '=', modelNumber)
        .execute()
      return rows.map(({ name }) => name)
    },

    /** Another model has the name now. */
    forgetFormerName: async (transaction: Query, name: string): Promise<void> => {
      await transaction.deleteFrom('former_model_names').where('name', '=', name).execute()
    },

    isPrompt: async (modelNumber: number, executor: Query = query): Promise<boolean> => {
      const row = await executor
        .selectFrom('registered_model_tags')
        .select('value')
        .where('model_number', '=', modelNumber)
        .where('key', '=', promptTag)
        .executeTakeFirst()
      return row?.value.toLowerCase() === 'true'
    },

    /** By name, after the given one; without prompts unless one is named. */
    models: async (page: {
      limit: number
      after?: string | undefined
      name?: string
    }): Promise<RegisteredModel[]> => {
      let select = query
        .selectFrom('registered_models')
        .selectAll()
        .where('deleted_at', 'is', null)
        .orderBy('name')
        .limit(page.limit)
      if (page.after !== undefined) select = select.where('name', '>', page.after)
      select =
        page.name === undefined
          ? select.where(sql<boolean>`not ${isPromptModel(sql`registered_models.number`)}`)
          : select.where('name', '=', page.name)
      return withModelDetails(query, await select.execute())
    },

    describeModel: async (
      transaction: Query,
      modelNumber: number,
      { description, now }: { description: string; now: number },
    ): Promise<void> => {
      await transaction
        .updateTable('registered_models')
        .set({ description, updated_at: now })
        .where('number', '=', modelNumber)
        .execute()
    },

    setModelTags,

    deleteModelTag: async (transaction: Query, modelNumber: number, key: string): Promise<boolean> => {
      const { numDeletedRows } = await transaction
        .deleteFrom('registered_model_tags')
        .where('model_number', '=', modelNumber)
        .where('key', '=', key)
        .executeTakeFirst()
      return numDeletedRows > 0n
    },

    /** Answers false when the new name is taken. */
    renameModel: async (
      transaction: Query,
      modelNumber: number,
      change: { from: string; to: string; actor: string; now: number },
    ): Promise<boolean> => {
      const taken = await transaction
        .selectFrom('registered_models')
        .select('number')
        .where('name', '=', change.to)
        .where('number', '!=', modelNumber)
        .executeTakeFirst()
      if (taken !== undefined) return false
      await transaction
        .updateTable('registered_models')
        .set({ name: change.to, updated_at: change.now })
        .where('number', '=', modelNumber)
        .execute()
      await transaction
        .updateTable('model_versions')
        .set({ updated_at: change.now })
        .where('model_number', '=', modelNumber)
        .where('deleted_at', 'is', null)
        .execute()
      await transaction
        .deleteFrom('former_model_names')
        .where('name', 'in', [change.from, change.to])
        .execute()
      await transaction
        .insertInto('former_model_names')
        .values({
          name: change.from,
          model_number: modelNumber,
          renamed_at: change.now,
          renamed_by: change.actor,
        })
        .execute()
      return true
    },

    /** All of it but its number and the record of its moves, which no name leads to any more. */
    deleteModel: async (transaction: Query, modelNumber: number, now: number): Promise<void> => {
      for (const table of [
        'registered_model_tags',
        'model_version_tags',
        'model_aliases',
        'model_versions',
        'former_model_names',
      ] as const) {
        await transaction.deleteFrom(table).where('model_number', '=', modelNumber).execute()
      }
      await transaction
        .updateTable('registered_models')
        // No model can be called this: names have no ":".
        .set({ name: `deleted:${modelNumber}`, description: '', deleted_at: now, updated_at: now })
        .where('number', '=', modelNumber)
        .execute()
    },
  }
}

/** Whether the model with this number is a prompt, as SQL. */
export function isPromptModel(number: ReturnType<typeof sql>) {
  return sql<boolean>`exists (select 1 from registered_model_tags as prompt_tags
    where prompt_tags.model_number = ${number} and prompt_tags.key = ${promptTag} and lower(prompt_tags.value) = 'true')`
}

async function setModelTags(transaction: Query, modelNumber: number, tags: TextMap): Promise<void> {
  const rows = Object.entries(tags).map(([key, value]) => ({ model_number: modelNumber, key, value }))
  if (rows.length === 0) return
  await transaction
    .insertInto('registered_model_tags')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['model_number', 'key'])
        .doUpdateSet((update) => ({ value: update.ref('excluded.value') })),
    )
    .execute()
}

export async function withModelDetails(query: Query, rows: readonly ModelRow[]): Promise<RegisteredModel[]> {
  if (rows.length === 0) return []
  const numbers = rows.map(({ number }) => number)
  const [tagRows, aliasRows, latestRows] = await Promise.all([
    query
      .selectFrom('registered_model_tags')
      .selectAll()
      .where('model_number', 'in', numbers)
      .orderBy('key')
      .execute(),
    query
      .selectFrom('model_aliases')
      .selectAll()
      .where('model_number', 'in', numbers)
      .orderBy('alias')
      .execute(),
    query
      .selectFrom('model_versions')
      .select('model_number')
      .select((select) => select.fn.max('version').as('version'))
      .where('model_number', 'in', numbers)
      .where('deleted_at', 'is', null)
      .groupBy('model_number')
      .execute(),
  ])
  const tags = Map.groupBy(tagRows, (row) => row.model_number)
  const aliases = Map.groupBy(aliasRows, (row) => row.model_number)
  const latest = new Map(latestRows.map((row) => [row.model_number, row.version]))
  return rows.map((row) => ({
    name: row.name,
    description: row.description,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    latestVersion: latest.get(row.number) ?? null,
    tags: Object.fromEntries((tags.get(row.number) ?? []).map(({ key, value }) => [key, value])),
    aliases: Object.fromEntries(
      (aliases.get(row.number) ?? []).map(({ alias, version }) => [alias, version]),
    ),
  }))
}
