import { sql, type Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import { numberIn } from './run-store.ts'
import type { TrackingTables } from './tables.ts'

export interface PurgeCounts {
  readonly runs: number
  readonly experiments: number
  readonly loggedModels: number
  /** Of the artifacts that they name. */
  readonly artifactBytes: number
}

/** Deleting ten million points in one statement would keep everybody waiting. */
const pointsAtOnce = 20_000
/** A run whose points are being deleted is not there any more for anybody, and never comes back. */
const going = 'purged'

const runTables = ['run_params', 'run_tags', 'run_datasets', 'run_models', 'run_artifacts', 'imported_runs']
const modelTables = [
  'logged_model_params',
  'logged_model_tags',
  'logged_model_metrics',
  'logged_model_artifacts',
]

/** All SQL that deletes for good. `before`: what was deleted softly before that time. */
export function createPurgeStore(query: Kysely<TrackingTables>, engine: Engine) {
  const dueRuns = (before: number) => sql<boolean>`(lifecycle_stage = ${going}
    or (lifecycle_stage = 'deleted' and deleted_at <= ${before})
    or experiment_id in (select id from experiments where ${dueExperiments(before)}))`
  // Default stays: clients without an experiment log to it.
  const dueExperiments = (before: number) =>
    sql<boolean>`lifecycle_stage = 'deleted' and updated_at <= ${before} and id <> 0`
  const dueModels = (
    before: number,
  ) => sql<boolean>`((lifecycle_stage = 'deleted' and deleted_at <= ${before})
    or experiment_id in (select id from experiments where ${dueExperiments(before)}))`

  const numbersOf = async (
    table: 'runs' | 'logged_models',
    condition: ReturnType<typeof dueRuns>,
    limit: number,
  ): Promise<number[]> => {
    const { rows } = await sql<{ number: number }>`
      select number from ${sql.table(table)} where ${condition} order by number limit ${limit}`.execute(query)
    return rows.map(({ number }) => number)
  }

  /** Points of runs, some at a time, until none is left. */
  const deletePoints = async (numbers: readonly number[], signal: AbortSignal): Promise<void> => {
    const key = sql.raw('run_number, key_id, timestamp, step, value, is_nan')
    for (const table of ['metrics', 'latest_metrics']) {
      for (;;) {
        signal.throwIfAborted()
        const { numAffectedRows } = await sql`
          delete from ${sql.table(table)} where (${key}) in (
            select ${key} from ${sql.table(table)} where ${numberIn(engine, 'run_number', numbers)}
            limit ${pointsAtOnce})`.execute(query)
        if (Number(numAffectedRows ?? 0) < pointsAtOnce) break
      }
    }
  }

  return {
    /** PostgreSQL answers sums as text. */
    count: async (before: number): Promise<PurgeCounts> => {
      const { rows } = await sql<{ [Name in keyof PurgeCounts]: number | string }>`select
        (select count(*) from runs where ${dueRuns(before)}) as runs,
        (select count(*) from experiments where ${dueExperiments(before)}) as experiments,
        (select count(*) from logged_models where ${dueModels(before)}) as ${sql.ref('loggedModels')},
        (select coalesce(sum(size_bytes), 0) from run_artifacts where run_number in
          (select number from runs where ${dueRuns(before)})) +
        (select coalesce(sum(size_bytes), 0) from logged_model_artifacts where model_number in
          (select number from logged_models where ${dueModels(before)})) as ${sql.ref('artifactBytes')}`.execute(
        query,
      )
      const [row] = rows
      return {
        runs: Number(row?.runs ?? 0),
        experiments: Number(row?.experiments ?? 0),
        loggedModels: Number(row?.loggedModels ?? 0),
        artifactBytes: Number(row?.artifactBytes ?? 0),
      }
    },

    /** Deletes some runs with all that was logged to them; answers how many. */
    purgeRuns: async (before: number, limit: number, signal: AbortSignal): Promise<number> => {
      const numbers = await numbersOf('runs', dueRuns(before), limit)
      if (numbers.length === 0) return 0
      // From here on nobody can restore them half.
      await sql`update runs set lifecycle_stage = ${going}, id = 'purged:' || number
        where ${numberIn(engine, 'number', numbers)} and (lifecycle_stage = ${going} or ${dueRuns(before)})`.execute(
        query,
      )
      // Restored a moment before.
      const { rows } = await sql<{ number: number }>`
        select number from runs where ${numberIn(engine, 'number', numbers)} and lifecycle_stage = ${going}`.execute(
        query,
      )
      const gone = rows.map(({ number }) => number)
      await deletePoints(gone, signal)
      await query.transaction().execute(async (transaction) => {
        const ofRuns = numberIn(engine, 'run_number', gone)
        for (const table of [...runTables, 'logged_model_metrics'])
          await sql`delete from ${sql.table(table)} where ${ofRuns}`.execute(transaction)
        await sql`delete from runs where ${numberIn(engine, 'number', gone)}`.execute(transaction)
      })
      return gone.length
    },

    purgeLoggedModels: async (before: number, limit: number): Promise<number> => {
      const numbers = await numbersOf('logged_models', dueModels(before), limit)
      if (numbers.length === 0) return 0
      await query.transaction().execute(async (transaction) => {
        for (const table of modelTables)
          await sql`delete from ${sql.table(table)} where ${numberIn(engine, 'model_number', numbers)}`.execute(
            transaction,
          )
        await sql`delete from logged_models where ${numberIn(engine, 'number', numbers)} and ${dueModels(before)}`.execute(
          transaction,
        )
      })
      return numbers.length
    },

    /** Experiments without runs and models: their names are free again. */
    purgeExperiments: (before: number): Promise<number> =>
      query.transaction().execute(async (transaction) => {
        const due = sql<boolean>`${dueExperiments(before)}
          and not exists (select 1 from runs where runs.experiment_id = experiments.id)
          and not exists (select 1 from logged_models where logged_models.experiment_id = experiments.id)`
        for (const table of ['experiment_tags', 'input_datasets']) {
          await sql`delete from ${sql.table(table)} where experiment_id in
            (select id from experiments where ${due})`.execute(transaction)
        }
        const { numAffectedRows } = await sql`delete from experiments where ${due}`.execute(transaction)
        return Number(numAffectedRows ?? 0)
      }),
  }
}
