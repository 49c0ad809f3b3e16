import type { Kysely, Selectable } from 'kysely'
import type { RegisteredModel } from './contract.ts'
import type { RegistryTables } from './tables.ts'

type Query = Kysely<RegistryTables>
type TextMap = Readonly<Record<string, string>>

/** All SQL about registered models. */
export function createRegisteredModelStore(query: Query) {
  return {
    ensureModel: async (
      transaction: Query,
      model: { name: string; actor: string; now: number },
    ): Promise<void> => {
      await transaction
        .insertInto('registered_models')
        .values({
          name: model.name,
          description: '',
          created_at: model.now,
          created_by: model.actor,
          updated_at: model.now,
          last_version: 0,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .execute()
    },

    /** The number of the model, whose row stays locked until the transaction ends: changes to one model queue up. */
    lockModel: async (transaction: Query, name: string, now: number): Promise<number | undefined> => {
      const row = await transaction
        .updateTable('registered_models')
        .set({ updated_at: now })
        .where('name', '=', name)
        .returning('number')
        .executeTakeFirst()
      return row?.number
    },

    modelNumber: async (name: string): Promise<number | undefined> => {
      const row = await query
        .selectFrom('registered_models')
        .select('number')
        .where('name', '=', name)
        .executeTakeFirst()
      return row?.number
    },

    /** By name, after the given one. */
    models: async (page: {
      limit: number
      after?: string | undefined
      name?: string
    }): Promise<RegisteredModel[]> => {
      let select = query.selectFrom('registered_models').selectAll().orderBy('name').limit(page.limit)
      if (page.after !== undefined) select = select.where('name', '>', page.after)
      if (page.name !== undefined) select = select.where('name', '=', page.name)
      return withModelDetails(query, await select.execute())
    },

    updateModel: async (
      modelNumber: number,
      change: { description?: string; tags: TextMap; now: number },
    ) => {
      await query.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('registered_models')
          .set({
            updated_at: change.now,
            ...(change.description === undefined ? {} : { description: change.description }),
          })
          .where('number', '=', modelNumber)
          .execute()
        const rows = Object.entries(change.tags).map(([key, value]) => ({
          model_number: modelNumber,
          key,
          value,
        }))
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
      })
    },
  }
}

async function withModelDetails(
  query: Query,
  rows: readonly Selectable<RegistryTables['registered_models']>[],
): Promise<RegisteredModel[]> {
  if (rows.length === 0) return []
  const numbers = rows.map(({ number }) => number)
  const [tagRows, aliasRows] = await Promise.all([
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
  ])
  return rows.map((row) => ({
    name: row.name,
    description: row.description,
    createdAt: row.created_at,
    createdBy: row.created_by,
    updatedAt: row.updated_at,
    latestVersion: row.last_version === 0 ? null : row.last_version,
    tags: Object.fromEntries(
      tagRows.filter((tag) => tag.model_number === row.number).map(({ key, value }) => [key, value]),
    ),
    aliases: Object.fromEntries(
      aliasRows
        .filter((entry) => entry.model_number === row.number)
        .map(({ alias, version }) => [alias, version]),
    ),
  }))
}
