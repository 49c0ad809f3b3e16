import type { Kysely, Selectable } from 'kysely'
import type { Transition } from './contract.ts'
import type { RegistryTables } from './tables.ts'

type Query = Kysely<RegistryTables>

export interface NewTransition extends Omit<Transition, 'sequence' | 'model'> {
  readonly modelNumber: number
}

/** All SQL about aliases and their moves. */
export function createAliasStore(query: Query) {
  return {
    aliasVersion: async (
      modelNumber: number,
      alias: string,
      executor: Query = query,
    ): Promise<number | undefined> => {
      const row = await executor
        .selectFrom('model_aliases')
        .select('version')
        .where('model_number', '=', modelNumber)
        .where('alias', '=', alias)
        .executeTakeFirst()
      return row?.version
    },

    aliasesOf: async (
      transaction: Query,
      { modelNumber, version }: { readonly modelNumber: number; readonly version: number },
    ): Promise<string[]> => {
      const rows = await transaction
        .selectFrom('model_aliases')
        .select('alias')
        .where('model_number', '=', modelNumber)
        .where('version', '=', version)
        .orderBy('alias')
        .execute()
      return rows.map(({ alias }) => alias)
    },

    /** Moves or removes the alias and writes the move down, in the caller's transaction. */
    moveAlias: async (transaction: Query, move: NewTransition): Promise<number> => {
      const { modelNumber, alias, toVersion } = move
      if (toVersion === null) {
        await transaction
          .deleteFrom('model_aliases')
          .where('model_number', '=', modelNumber)
          .where('alias', '=', alias)
          .execute()
      } else {
        await transaction
          .insertInto('model_aliases')
          .values({ model_number: modelNumber, alias, version: toVersion })
          .onConflict((conflict) =>
            conflict.columns(['model_number', 'alias']).doUpdateSet({ version: toVersion }),
          )
          .execute()
      }
      const { sequence } = await transaction
        .insertInto('alias_transitions')
        .values({
          model_number: modelNumber,
          alias,
          kind: move.kind,
          from_version: move.fromVersion,
          to_version: toVersion,
          actor: move.actor,
          time: move.time,
          reason: move.reason,
          forced: move.forced ? 1 : 0,
          announced: 0,
        })
        .returning('sequence')
        .executeTakeFirstOrThrow()
      return sequence
    },

    /** Oldest first. */
    transitions: async (
      modelNumber: number,
      alias?: string,
      executor: Query = query,
    ): Promise<Transition[]> => {
      let select = transitionRows(executor).where('alias_transitions.model_number', '=', modelNumber)
      if (alias !== undefined) select = select.where('alias', '=', alias)
      return (await select.orderBy('sequence').execute()).map(toTransition)
    },

    silentTransitions: async (): Promise<Transition[]> => {
      const rows = await transitionRows(query).where('announced', '=', 0).orderBy('sequence').execute()
      return rows.map(toTransition)
    },

    transitionTold: async (sequence: number): Promise<void> => {
      await query
        .updateTable('alias_transitions')
        .set({ announced: 1 })
        .where('sequence', '=', sequence)
        .execute()
    },
  }
}

function transitionRows(query: Query) {
  return query
    .selectFrom('alias_transitions')
    .innerJoin('registered_models', 'registered_models.number', 'alias_transitions.model_number')
    .select(['sequence', 'registered_models.name', 'alias', 'kind', 'from_version', 'to_version'])
    .select(['actor', 'time', 'reason', 'forced'])
}

function toTransition(
  row: Omit<Selectable<RegistryTables['alias_transitions']>, 'model_number' | 'announced'> & { name: string },
): Transition {
  return {
    sequence: row.sequence,
    model: row.name,
    alias: row.alias,
    kind: row.kind,
    fromVersion: row.from_version,
    toVersion: row.to_version,
    actor: row.actor,
    time: row.time,
    reason: row.reason,
    forced: row.forced === 1,
  }
}
