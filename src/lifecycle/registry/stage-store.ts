import type { Kysely } from 'kysely'
import type { StageTransition } from './contract.ts'
import type { Stage } from './stage.ts'
import type { RegistryTables } from './tables.ts'
import type { VersionKey } from './version-store.ts'

type Query = Kysely<RegistryTables>

/** All SQL about stages. */
export function createStageStore(query: Query) {
  return {
    stageOf: async (transaction: Query, { modelNumber, version }: VersionKey): Promise<Stage | undefined> => {
      const row = await transaction
        .selectFrom('model_versions')
        .select('stage')
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .where('deleted_at', 'is', null)
        .executeTakeFirst()
      return row?.stage
    },

    versionsInStage: async (transaction: Query, modelNumber: number, stage: Stage): Promise<number[]> => {
      const rows = await transaction
        .selectFrom('model_versions')
        .select('version')
        .where('model_number', '=', modelNumber)
        .where('stage', '=', stage)
        .where('deleted_at', 'is', null)
        .orderBy('version')
        .execute()
      return rows.map(({ version }) => version)
    },

    /** Moves the version and writes the move down, in the caller's transaction. A move to where it is only touches it. */
    moveStage: async (
      transaction: Query,
      modelNumber: number,
      { version, from, to, actor, time }: StageTransition,
    ): Promise<void> => {
      await transaction
        .updateTable('model_versions')
        .set({ stage: to, updated_at: time })
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .execute()
      if (from === to) return
      await transaction
        .insertInto('stage_transitions')
        .values({ model_number: modelNumber, version, from_stage: from, to_stage: to, actor, time })
        .execute()
    },

    /** Oldest first. */
    stageTransitions: async (modelNumber: number, version?: number): Promise<StageTransition[]> => {
      let select = query
        .selectFrom('stage_transitions')
        .selectAll()
        .where('model_number', '=', modelNumber)
        .orderBy('sequence')
      if (version !== undefined) select = select.where('version', '=', version)
      return (await select.execute()).map((row) => ({
        version: row.version,
        from: row.from_stage,
        to: row.to_stage,
        actor: row.actor,
        time: row.time,
      }))
    },
  }
}
