import type { Kysely, Selectable } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { Experiment, LifecycleStage } from './contract.ts'
import { searchExperiments, type ExperimentSearch } from './experiment-search.ts'
import { numberIn } from './run-store.ts'
import type { TrackingTables } from './tables.ts'

export interface NewExperiment {
  readonly name: string
  readonly artifactLocation: string | undefined
  readonly tags: Readonly<Record<string, string>>
  readonly now: number
}

/** All SQL about experiments. */
export function createExperimentStore(query: Kysely<TrackingTables>, engine: Engine) {
  const withTags = async (
    rows: readonly Selectable<TrackingTables['experiments']>[],
  ): Promise<Experiment[]> => {
    if (rows.length === 0) return []
    const tagRows = await query
      .selectFrom('experiment_tags')
      .selectAll()
      .where(
        numberIn(
          engine,
          'experiment_id',
          rows.map(({ id }) => id),
        ),
      )
      .orderBy('key')
      .execute()
    const tags = Map.groupBy(tagRows, (row) => row.experiment_id)
    return rows.map((row) =>
      toExperiment(row, Object.fromEntries((tags.get(row.id) ?? []).map(({ key, value }) => [key, value]))),
    )
  }

  const setTags = async (id: number, tags: Readonly<Record<string, string>>): Promise<void> => {
    const rows = Object.entries(tags).map(([key, value]) => ({ experiment_id: id, key, value }))
    if (rows.length === 0) return
    await query
      .insertInto('experiment_tags')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['experiment_id', 'key'])
          .doUpdateSet((update) => ({ value: update.ref('excluded.value') })),
      )
      .execute()
  }

  return {
    setTags,

    /** Answers false when the experiment has no such tag. */
    deleteTag: async (id: number, key: string): Promise<boolean> => {
      const result = await query
        .deleteFrom('experiment_tags')
        .where('experiment_id', '=', id)
        .where('key', '=', key)
        .executeTakeFirst()
      return result.numDeletedRows > 0n
    },

    /** Undefined when the name is taken, by a deleted experiment too. */
    insert: async ({ name, artifactLocation, tags, now }: NewExperiment): Promise<number | undefined> => {
      const row = await query
        .insertInto('experiments')
        .values({
          name,
          artifact_location: artifactLocation ?? null,
          lifecycle_stage: 'active',
          created_at: now,
          updated_at: now,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('id')
        .executeTakeFirst()
      if (row !== undefined) await setTags(row.id, tags)
      return row?.id
    },

    byId: async (id: number): Promise<Experiment | undefined> => {
      const rows = await query.selectFrom('experiments').selectAll().where('id', '=', id).execute()
      return (await withTags(rows))[0]
    },

    byName: async (name: string): Promise<Experiment | undefined> => {
      const rows = await query.selectFrom('experiments').selectAll().where('name', '=', name).execute()
      return (await withTags(rows))[0]
    },

    list: async (search: ExperimentSearch): Promise<Experiment[]> =>
      withTags(await searchExperiments(query, engine, search)),

    /** Answers false when the name is taken. */
    rename: async (id: number, name: string, now: number): Promise<boolean> => {
      const taken = await query
        .selectFrom('experiments')
        .select('id')
        .where('name', '=', name)
        .where('id', '!=', id)
        .executeTakeFirst()
      if (taken !== undefined) return false
      await query.updateTable('experiments').set({ name, updated_at: now }).where('id', '=', id).execute()
      return true
    },

    touch: async (id: number, now: number): Promise<void> => {
      await query.updateTable('experiments').set({ updated_at: now }).where('id', '=', id).execute()
    },

    /** Moves the experiment and all its runs, in either direction. */
    setStage: async (id: number, stage: LifecycleStage, now: number): Promise<void> => {
      await query.transaction().execute(async (transaction) => {
        await transaction
          .updateTable('experiments')
          .set({ lifecycle_stage: stage, updated_at: now })
          .where('id', '=', id)
          .execute()
        await transaction
          .updateTable('runs')
          .set({ lifecycle_stage: stage, deleted_at: stage === 'deleted' ? now : null })
          .where('experiment_id', '=', id)
          .where('lifecycle_stage', '!=', stage)
          .execute()
      })
    },
  }
}

function defaultArtifactLocation(experimentId: number): string {
  return `mlflow-artifacts:/${experimentId}`
}

function toExperiment(
  row: Selectable<TrackingTables['experiments']>,
  tags: Readonly<Record<string, string>>,
): Experiment {
  return {
    id: String(row.id),
    name: row.name,
    artifactLocation: row.artifact_location ?? defaultArtifactLocation(row.id),
    lifecycleStage: row.lifecycle_stage,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    tags,
  }
}
