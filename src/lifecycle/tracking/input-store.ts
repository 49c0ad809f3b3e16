import type { Kysely } from 'kysely'
import type { DatasetInput, ModelOutput } from './contract.ts'
import type { TrackingTables } from './tables.ts'

/** All SQL about what a run used and made: datasets and models. Saying the same thing again changes nothing. */
export function createInputStore(query: Kysely<TrackingTables>) {
  const datasetNumber = async (
    transaction: Kysely<TrackingTables>,
    experimentId: number,
    input: DatasetInput,
  ): Promise<number> => {
    const find = () =>
      transaction
        .selectFrom('input_datasets')
        .select('number')
        .where('experiment_id', '=', experimentId)
        .where('name', '=', input.name)
        .where('digest', '=', input.digest)
    const known = await find().executeTakeFirst()
    if (known !== undefined) return known.number
    const inserted = await transaction
      .insertInto('input_datasets')
      .values({
        experiment_id: experimentId,
        name: input.name,
        digest: input.digest,
        source_type: input.sourceType,
        source: input.source,
        schema: input.schema ?? null,
        profile: input.profile ?? null,
      })
      .onConflict((conflict) => conflict.columns(['experiment_id', 'name', 'digest']).doNothing())
      .returning('number')
      .executeTakeFirst()
    return inserted?.number ?? (await find().executeTakeFirstOrThrow()).number
  }

  return {
    addDatasets: async (
      run: { readonly number: number; readonly experiment_id: number },
      inputs: readonly DatasetInput[],
    ): Promise<void> => {
      await query.transaction().execute(async (transaction) => {
        for (const input of inputs) {
          await transaction
            .insertInto('run_datasets')
            .values({
              run_number: run.number,
              dataset_number: await datasetNumber(transaction, run.experiment_id, input),
              context: input.context ?? null,
              tags: JSON.stringify(input.tags),
            })
            .onConflict((conflict) => conflict.columns(['run_number', 'dataset_number']).doNothing())
            .execute()
        }
      })
    },

    addModels: async (
      runNumber: number,
      direction: 'input' | 'output',
      models: readonly ModelOutput[],
    ): Promise<void> => {
      if (models.length === 0) return
      await query
        .insertInto('run_models')
        .values(
          models.map(({ modelId, step }) => ({ run_number: runNumber, direction, model_id: modelId, step })),
        )
        .onConflict((conflict) => conflict.columns(['run_number', 'direction', 'model_id']).doNothing())
        .execute()
    },
  }
}
