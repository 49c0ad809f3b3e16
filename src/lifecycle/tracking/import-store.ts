import type { Kysely } from 'kysely'
import { bulkInsert, type BulkColumn, type Engine } from '#platform/database/index'
import type { LifecycleStage } from './contract.ts'
import type { ImportedExperiment, ImportedLoggedModel, ImportedRun, ImportPlace } from './import-service.ts'
import type { StoredPoint } from './metric-value.ts'
import { reservedTags } from './reserved-tags.ts'
import type { TrackingTables } from './tables.ts'

type Query = Kysely<TrackingTables>

interface Target {
  readonly experimentId: number
  readonly artifactRoot: string
  readonly now: number
}

export interface ImportedModelMetric extends StoredPoint {
  readonly keyId: number
  readonly runNumber: number
  readonly datasetName: string
  readonly datasetDigest: string
}

/** All SQL of imports: many rows a statement, and nothing that is there is written again. */
export function createImportStore(query: Query, engine: Engine) {
  const findRuns = async (
    ids: readonly string[],
    executor: Query = query,
  ): Promise<ReadonlyMap<string, ImportPlace>> => {
    if (ids.length === 0) return new Map()
    const rows = await executor
      .selectFrom('runs')
      .leftJoin('imported_runs', 'imported_runs.run_number', 'runs.number')
      .select(['runs.id', 'runs.number', 'imported_runs.mark'])
      .where('runs.id', 'in', [...ids])
      .execute()
    return new Map(
      rows.map(({ id, number, mark }) => [id, { number, isNew: false, mark: mark ?? undefined }]),
    )
  }

  const insertRuns = async (
    transaction: Query,
    runs: readonly ImportedRun[],
    { experimentId, artifactRoot, now }: Target,
  ): Promise<void> => {
    await bulkInsert(transaction, engine, {
      table: 'runs',
      columns: [
        text('id', runs, ({ id }) => id),
        whole('experiment_id', runs, () => experimentId),
        text('name', runs, ({ name, tags }) => name || (tags[reservedTags.runName] ?? '')),
        text('status', runs, ({ status }) => status),
        text('user_name', runs, ({ user }) => user),
        whole('started_at', runs, ({ startedAt }) => startedAt ?? null),
        whole('ended_at', runs, ({ endedAt }) => endedAt ?? null),
        text('lifecycle_stage', runs, ({ lifecycleStage }) => lifecycleStage),
        whole('deleted_at', runs, ({ lifecycleStage, deletedAt }) =>
          lifecycleStage === 'deleted' ? (deletedAt ?? now) : null,
        ),
        text('artifact_uri', runs, ({ id }) => `${artifactRoot}/${id}/artifacts`),
      ],
      onConflict: 'do nothing',
    })
  }

  /** Of runs that were brought before, what may change afterwards. A run that was deleted here stays so. */
  const followRuns = async (transaction: Query, runs: readonly ImportedRun[], now: number): Promise<void> => {
    for (const run of runs) {
      const change = transaction.updateTable('runs').where('id', '=', run.id)
      await change.set({ status: run.status, ended_at: run.endedAt ?? null, name: run.name }).execute()
      if (run.lifecycleStage === 'deleted') {
        await change
          .where('lifecycle_stage', '=', 'active')
          .set({ lifecycle_stage: 'deleted', deleted_at: run.deletedAt ?? now })
          .execute()
      }
    }
  }

  return {
    findRuns,

    ensureExperiment: (
      experiment: ImportedExperiment,
      now: number,
    ): Promise<{ id: number; lifecycleStage: LifecycleStage; isNew: boolean }> =>
      query.transaction().execute(async (transaction) => {
        const find = () =>
          transaction
            .selectFrom('experiments')
            .select(['id', 'lifecycle_stage'])
            .where('name', '=', experiment.name)
            .executeTakeFirst()
        const known = await find()
        if (known === undefined) {
          await transaction
            .insertInto('experiments')
            .values({
              name: experiment.name,
              artifact_location: null,
              lifecycle_stage: experiment.lifecycleStage,
              created_at: experiment.createdAt ?? now,
              updated_at: experiment.updatedAt ?? experiment.createdAt ?? now,
            })
            .onConflict((conflict) => conflict.column('name').doNothing())
            .execute()
        }
        const row = known ?? (await find())
        if (row === undefined) throw new Error(`the experiment ${experiment.name} vanished`)
        const tags = Object.entries(experiment.tags)
        await bulkInsert(transaction, engine, {
          table: 'experiment_tags',
          columns: [
            whole('experiment_id', tags, () => row.id),
            text('key', tags, ([key]) => key),
            text('value', tags, ([, value]) => value),
          ],
          onConflict: 'do nothing',
        })
        return { id: row.id, lifecycleStage: row.lifecycle_stage, isNew: known === undefined }
      }),

    artifactRoot: async (experimentId: number): Promise<string> => {
      const row = await query
        .selectFrom('experiments')
        .select('artifact_location')
        .where('id', '=', experimentId)
        .executeTakeFirst()
      return (row?.artifact_location ?? `mlflow-artifacts:/${experimentId}`).replace(/\/$/, '')
    },

    upsertRuns: (runs: readonly ImportedRun[], target: Target): Promise<ReadonlyMap<string, ImportPlace>> =>
      query.transaction().execute(async (transaction) => {
        const ids = runs.map(({ id }) => id)
        const before = await findRuns(ids, transaction)
        const fresh = runs.filter(({ id }) => !before.has(id))
        await insertRuns(transaction, fresh, target)
        await followRuns(
          transaction,
          runs.filter(({ id }) => before.get(id)?.mark !== undefined),
          target.now,
        )
        const after = await findRuns(ids, transaction)
        const numberOf = (id: string): number => after.get(id)?.number ?? 0
        // Empty: begun. A run that was made here and not brought has no row.
        await bulkInsert(transaction, engine, {
          table: 'imported_runs',
          columns: [whole('run_number', fresh, ({ id }) => numberOf(id)), text('mark', fresh, () => '')],
          onConflict: 'do nothing',
        })
        const params = pairsOf(runs, numberOf, (run) => run.params)
        await bulkInsert(transaction, engine, {
          table: 'run_params',
          columns: pairColumns('run_number', params),
          onConflict: 'do nothing',
        })
        const tags = pairsOf(runs, numberOf, (run) =>
          run.name === '' ? run.tags : { [reservedTags.runName]: run.name, ...run.tags },
        )
        await bulkInsert(transaction, engine, {
          table: 'run_tags',
          columns: pairColumns('run_number', tags),
          onConflict: '(run_number, key) do update set value = excluded.value',
        })
        return new Map([...after].map(([id, place]) => [id, { ...place, isNew: !before.has(id) }] as const))
      }),

    keepMarks: async (marks: ReadonlyMap<number, string>): Promise<void> => {
      const entries = [...marks]
      await bulkInsert(query, engine, {
        table: 'imported_runs',
        columns: [
          whole('run_number', entries, ([number]) => number),
          text('mark', entries, ([, mark]) => mark),
        ],
        onConflict: '(run_number) do update set mark = excluded.mark',
      })
    },

    upsertLoggedModels: (
      models: readonly ImportedLoggedModel[],
      { experimentId, artifactRoot, now }: Target,
    ): Promise<ReadonlyMap<string, ImportPlace>> =>
      query.transaction().execute(async (transaction) => {
        const find = async () => {
          const rows = await transaction
            .selectFrom('logged_models')
            .select(['id', 'number'])
            .where(
              'id',
              'in',
              models.map(({ id }) => id),
            )
            .execute()
          return new Map(rows.map(({ id, number }) => [id, number]))
        }
        const before = await find()
        const fresh = models.filter(({ id }) => !before.has(id))
        await bulkInsert(transaction, engine, {
          table: 'logged_models',
          columns: [
            text('id', fresh, ({ id }) => id),
            whole('experiment_id', fresh, () => experimentId),
            text('name', fresh, ({ name }) => name),
            text('model_type', fresh, ({ modelType }) => modelType ?? null),
            text('source_run_id', fresh, ({ sourceRunId }) => sourceRunId ?? null),
            text('status', fresh, ({ status }) => status),
            text('status_message', fresh, ({ statusMessage }) => statusMessage ?? null),
            text('lifecycle_stage', fresh, ({ deleted }) => (deleted ? 'deleted' : 'active')),
            whole('deleted_at', fresh, ({ deleted, updatedAt }) => (deleted ? updatedAt || now : null)),
            whole('created_at', fresh, ({ createdAt }) => createdAt),
            whole('updated_at', fresh, ({ updatedAt }) => updatedAt),
            text('artifact_uri', fresh, ({ id }) => `${artifactRoot}/models/${id}/artifacts`),
          ],
          onConflict: 'do nothing',
        })
        for (const model of models.filter(({ id }) => before.has(id))) {
          await transaction
            .updateTable('logged_models')
            .set({ status: model.status, updated_at: model.updatedAt })
            .where('id', '=', model.id)
            .where('updated_at', '<', model.updatedAt)
            .execute()
        }
        const after = await find()
        const numberOf = (id: string): number => after.get(id) ?? 0
        await bulkInsert(transaction, engine, {
          table: 'logged_model_params',
          columns: pairColumns(
            'model_number',
            pairsOf(models, numberOf, ({ params }) => params),
          ),
          onConflict: 'do nothing',
        })
        await bulkInsert(transaction, engine, {
          table: 'logged_model_tags',
          columns: pairColumns(
            'model_number',
            pairsOf(models, numberOf, ({ tags }) => tags),
          ),
          onConflict: '(model_number, key) do update set value = excluded.value',
        })
        return new Map(
          [...after].map(
            ([id, number]) => [id, { number, isNew: !before.has(id), mark: undefined }] as const,
          ),
        )
      }),

    insertModelMetrics: async (
      modelNumber: number,
      metrics: readonly ImportedModelMetric[],
    ): Promise<void> => {
      await bulkInsert(query, engine, {
        table: 'logged_model_metrics',
        columns: [
          whole('model_number', metrics, () => modelNumber),
          whole('key_id', metrics, ({ keyId }) => keyId),
          whole('timestamp', metrics, ({ timestamp }) => timestamp),
          whole('step', metrics, ({ step }) => step),
          whole('run_number', metrics, ({ runNumber }) => runNumber),
          text('dataset_name', metrics, ({ datasetName }) => datasetName),
          text('dataset_digest', metrics, ({ datasetDigest }) => datasetDigest),
          { name: 'value', type: 'float8', values: metrics.map(({ value }) => value) },
          { name: 'is_nan', type: 'smallint', values: metrics.map((metric) => metric.is_nan) },
        ],
        onConflict: 'do nothing',
      })
    },
  }
}

function text<Item>(name: string, items: readonly Item[], value: (item: Item) => string | null): BulkColumn {
  return { name, type: 'text', values: items.map(value) }
}

function whole<Item>(name: string, items: readonly Item[], value: (item: Item) => number | null): BulkColumn {
  return { name, type: 'bigint', values: items.map(value) }
}

interface Pair {
  readonly number: number
  readonly key: string
  readonly value: string
}

function pairsOf<Item extends { readonly id: string }>(
  items: readonly Item[],
  numberOf: (id: string) => number,
  textsOf: (item: Item) => Readonly<Record<string, string>>,
): Pair[] {
  return items.flatMap((item) =>
    Object.entries(textsOf(item)).map(([key, value]) => ({ number: numberOf(item.id), key, value })),
  )
}

function pairColumns(owner: 'run_number' | 'model_number', pairs: readonly Pair[]): BulkColumn[] {
  return [
    whole(owner, pairs, ({ number }) => number),
    text('key', pairs, ({ key }) => key),
    text('value', pairs, ({ value }) => value),
  ]
}
