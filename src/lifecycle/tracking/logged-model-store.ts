import { sql, type Kysely, type Selectable } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import type { LifecycleStage } from './contract.ts'
import type { LoggedModelStatus } from './logged-model-tables.ts'
import type { TrackingTables } from './tables.ts'

export type LoggedModelRow = Selectable<TrackingTables['logged_models']>

export interface NewLoggedModel {
  readonly id: string
  readonly experimentId: number
  readonly name: string
  readonly modelType: string | undefined
  readonly sourceRunId: string | undefined
  readonly artifactUri: string
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly now: number
}

type Texts = Readonly<Record<string, string>>

/** All SQL that changes logged models. */
export function createLoggedModelStore(query: Kysely<TrackingTables>, engine: Engine) {
  const insertParams = (transaction: Kysely<TrackingTables>, number: number, params: Texts) =>
    bulkInsert(transaction, engine, {
      table: 'logged_model_params',
      columns: textColumns(number, params),
      onConflict: 'do nothing',
    })

  const upsertTags = (transaction: Kysely<TrackingTables>, number: number, tags: Texts) =>
    bulkInsert(transaction, engine, {
      table: 'logged_model_tags',
      columns: textColumns(number, tags),
      onConflict: '(model_number, key) do update set value = excluded.value',
    })

  const byId = (id: string, executor: Kysely<TrackingTables> = query): Promise<LoggedModelRow | undefined> =>
    executor.selectFrom('logged_models').selectAll().where('id', '=', id).executeTakeFirst()

  return {
    byId,

    insert: (model: NewLoggedModel): Promise<number> =>
      query.transaction().execute(async (transaction) => {
        const { number } = await transaction
          .insertInto('logged_models')
          .values({
            id: model.id,
            experiment_id: model.experimentId,
            name: model.name,
            model_type: model.modelType ?? null,
            source_run_id: model.sourceRunId ?? null,
            status: 'PENDING',
            status_message: null,
            lifecycle_stage: 'active',
            deleted_at: null,
            created_at: model.now,
            updated_at: model.now,
            artifact_uri: model.artifactUri,
          })
          .returning('number')
          .executeTakeFirstOrThrow()
        await insertParams(transaction, number, model.params)
        await upsertTags(transaction, number, model.tags)
        return number
      }),

    setStatus: async (number: number, status: LoggedModelStatus, now: number): Promise<void> => {
      await query
        .updateTable('logged_models')
        .set({ status, updated_at: now })
        .where('number', '=', number)
        .execute()
    },

    setStage: async (number: number, stage: LifecycleStage, now: number): Promise<void> => {
      await query
        .updateTable('logged_models')
        .set({
          lifecycle_stage: stage,
          deleted_at: stage === 'deleted' ? now : null,
          updated_at: now,
        })
        .where('number', '=', number)
        .execute()
    },

    /** Adds params that are not there; answers one that is there with another value, and then adds none. */
    addParams: (number: number, params: Texts): Promise<{ key: string; kept: string } | undefined> =>
      query.transaction().execute(async (transaction) => {
        const { rows } = await sql<{ key: string; value: string }>`
          select key, value from logged_model_params where model_number = ${number}`.execute(transaction)
        const changed = rows.find(({ key, value }) => Object.hasOwn(params, key) && params[key] !== value)
        if (changed !== undefined) return { key: changed.key, kept: changed.value }
        await insertParams(transaction, number, params)
        return undefined
      }),

    setTags: async (number: number, tags: Texts): Promise<void> => {
      await upsertTags(query, number, tags)
    },

    /** Replaces a tag by what `change` makes of it, while nobody else changes it. */
    changeTag: (id: string, key: string, change: (value: string | undefined) => string): Promise<boolean> =>
      query.transaction().execute(async (transaction) => {
        const lock = sql.raw(engine === 'postgres' ? 'for update' : '')
        const { rows } = await sql<{ number: number }>`
          select number from logged_models where id = ${id} ${lock}`.execute(transaction)
        const [model] = rows
        if (model === undefined) return false
        const tag = await transaction
          .selectFrom('logged_model_tags')
          .select('value')
          .where('model_number', '=', model.number)
          .where('key', '=', key)
          .executeTakeFirst()
        await upsertTags(transaction, model.number, { [key]: change(tag?.value) })
        return true
      }),

    deleteTag: async (number: number, key: string): Promise<boolean> => {
      const result = await query
        .deleteFrom('logged_model_tags')
        .where('model_number', '=', number)
        .where('key', '=', key)
        .executeTakeFirst()
      return result.numDeletedRows > 0n
    },
  }
}

function textColumns(number: number, texts: Texts) {
  // Sorted, so that two writers of one model take PostgreSQL's row locks in the same order.
  const entries = Object.entries(texts).sort(([left], [right]) => (left < right ? -1 : 1))
  return [
    { name: 'model_number', type: 'int', values: entries.map(() => number) },
    { name: 'key', type: 'text', values: entries.map(([key]) => key) },
    { name: 'value', type: 'text', values: entries.map(([, value]) => value) },
  ]
}
