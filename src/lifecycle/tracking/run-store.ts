import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import type { LifecycleStage, RunStatus } from './contract.ts'
import { reservedTags } from './contract.ts'
import { setTags } from './log-store.ts'
import { isRunId } from './run-id.ts'
import type { TrackingTables } from './tables.ts'

export type RunRow = Selectable<TrackingTables['runs']>

export interface NewRun {
  readonly id: string
  readonly experimentId: number
  readonly name: string
  readonly user: string
  readonly startedAt: number | null
  readonly artifactUri: string
  readonly tags: Readonly<Record<string, string>>
}

export interface RunChange {
  readonly status?: RunStatus
  readonly endedAt?: number
  readonly name?: string
}

/** All SQL about a run itself, its params and its tags. */
export function createRunStore(query: Kysely<TrackingTables>, engine: Engine) {
  return {
    insert: async (run: NewRun): Promise<void> => {
      await query.transaction().execute(async (transaction) => {
        const { number } = await transaction
          .insertInto('runs')
          .values({
            id: run.id,
            experiment_id: run.experimentId,
            name: run.name,
            status: 'RUNNING',
            user_name: run.user,
            started_at: run.startedAt,
            ended_at: null,
            lifecycle_stage: 'active',
            deleted_at: null,
            artifact_uri: run.artifactUri,
          })
          .returning('number')
          .executeTakeFirstOrThrow()
        await bulkInsert(transaction, engine, {
          table: 'run_tags',
          columns: keyValueColumns(number, run.tags),
          onConflict: 'do nothing',
        })
      })
    },

    byId: async (id: string): Promise<RunRow | undefined> =>
      isRunId(id) ? query.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst() : undefined,

    /** At most `limit` ids that begin with the prefix, which is lower-case hexadecimal. */
    idsWithPrefix: async (prefix: string, limit: number): Promise<string[]> => {
      const rows = await query
        .selectFrom('runs')
        .select('id')
        .where('id', '>=', prefix)
        .where('id', '<', `${prefix}g`)
        .orderBy('id')
        .limit(limit)
        .execute()
      return rows.map(({ id }) => id)
    },

    update: async (runNumber: number, { status, endedAt, name }: RunChange): Promise<void> => {
      await query.transaction().execute(async (transaction) => {
        const change = {
          ...(status === undefined ? {} : { status }),
          ...(endedAt === undefined ? {} : { ended_at: endedAt }),
        }
        if (Object.keys(change).length > 0)
          await transaction.updateTable('runs').set(change).where('number', '=', runNumber).execute()
        if (name !== undefined)
          await setTags(transaction, engine, [{ runNumber, key: reservedTags.runName, value: name }])
      })
    },

    setStage: async (runNumber: number, stage: LifecycleStage, now: number): Promise<void> => {
      await query
        .updateTable('runs')
        .set({ lifecycle_stage: stage, deleted_at: stage === 'deleted' ? now : null })
        .where('number', '=', runNumber)
        .where('lifecycle_stage', '!=', stage)
        .execute()
    },

    /** Answers false when the run has no such tag. */
    deleteTag: async (runNumber: number, key: string): Promise<boolean> => {
      const result = await query
        .deleteFrom('run_tags')
        .where('run_number', '=', runNumber)
        .where('key', '=', key)
        .executeTakeFirst()
      return result.numDeletedRows > 0n
    },
  }
}

/** `column in (…)` for any number of whole numbers, with one text for all lengths. */
export function numberIn(engine: Engine, column: string, numbers: readonly number[]): RawBuilder<boolean> {
  return engine === 'postgres'
    ? sql<boolean>`${sql.ref(column)} = any(${numbers}::bigint[])`
    : sql<boolean>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(numbers)}))`
}

function keyValueColumns(runNumber: number, pairs: Readonly<Record<string, string>>) {
  const entries = Object.entries(pairs)
  return [
    { name: 'run_number', type: 'int', values: entries.map(() => runNumber) },
    { name: 'key', type: 'text', values: entries.map(([key]) => key) },
    { name: 'value', type: 'text', values: entries.map(([, value]) => value) },
  ]
}
