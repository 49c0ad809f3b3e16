import type { Database } from '#platform/database/index'
import type { RunState } from './contract.ts'
import type { PipelineRun, StepRun } from './pipeline-run.ts'
import { fromRun, fromStep, runChange, stepChange, toRun, toStep } from './rows.ts'
import type { PipelineTables } from './tables.ts'

export type PipelineStore = ReturnType<typeof createPipelineStore>

const unfinished: RunState[] = ['queued', 'running']

/** All SQL of the stage. */
export function createPipelineStore(database: Database) {
  const query = database.query.withTables<PipelineTables>()

  const stepsOf = async (runId: string): Promise<StepRun[]> => {
    const rows = await query
      .selectFrom('step_runs')
      .selectAll()
      .where('run_id', '=', runId)
      .orderBy('position')
      .execute()
    return rows.map(toStep)
  }

  return {
    stepsOf,
    /** Keeps a new run and all of its steps, or nothing. */
    insertRun: (run: PipelineRun, steps: readonly StepRun[]): Promise<void> =>
      query.transaction().execute(async (transaction) => {
        await transaction.insertInto('pipeline_runs').values(fromRun(run)).execute()
        await transaction.insertInto('step_runs').values(steps.map(fromStep)).execute()
      }),
    getRun: async (id: string): Promise<PipelineRun | undefined> => {
      const row = await query.selectFrom('pipeline_runs').selectAll().where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : toRun(row)
    },
    listRuns: async (filter: {
      readonly pipeline?: string | undefined
      readonly state?: RunState | undefined
      readonly after?: string | undefined
      readonly limit: number
    }): Promise<PipelineRun[]> => {
      let select = query.selectFrom('pipeline_runs').selectAll().orderBy('id', 'desc').limit(filter.limit)
      if (filter.pipeline !== undefined) select = select.where('pipeline', '=', filter.pipeline)
      if (filter.state !== undefined) select = select.where('state', '=', filter.state)
      if (filter.after !== undefined) select = select.where('id', '<', filter.after)
      return (await select.execute()).map(toRun)
    },
    unfinishedRuns: async (): Promise<PipelineRun[]> => {
      const rows = await query
        .selectFrom('pipeline_runs')
        .selectAll()
        .where('state', 'in', unfinished)
        .orderBy('id')
        .execute()
      return rows.map(toRun)
    },
    /** Runs of the same pipeline that were started before this one and are not finished. */
    earlierUnfinished: async (run: Pick<PipelineRun, 'id' | 'pipeline'>): Promise<string[]> => {
      const rows = await query
        .selectFrom('pipeline_runs')
        .select('id')
        .where('pipeline', '=', run.pipeline)
        .where('state', 'in', unfinished)
        .where('id', '<', run.id)
        .execute()
      return rows.map(({ id }) => id)
    },
    updateRun: async (id: string, change: Partial<PipelineRun>): Promise<void> => {
      await query.updateTable('pipeline_runs').set(runChange(change)).where('id', '=', id).execute()
    },
    /** True for the one caller that takes an unfinished run to its end. */
    finishRun: async (id: string, change: Partial<PipelineRun>): Promise<boolean> => {
      const result = await query
        .updateTable('pipeline_runs')
        .set(runChange(change))
        .where('id', '=', id)
        .where('state', 'in', unfinished)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    /** Answers false when the run is finished or was cancelled before. */
    requestCancel: async (id: string, actor: string): Promise<boolean> => {
      const result = await query
        .updateTable('pipeline_runs')
        .set({ cancelled_by: actor })
        .where('id', '=', id)
        .where('state', 'in', unfinished)
        .where('cancelled_by', 'is', null)
        .executeTakeFirst()
      return result.numUpdatedRows > 0n
    },
    isCancelRequested: async (id: string): Promise<boolean> => {
      const row = await query
        .selectFrom('pipeline_runs')
        .select('cancelled_by')
        .where('id', '=', id)
        .executeTakeFirst()
      return row !== undefined && row.cancelled_by !== null
    },
    updateStep: async (id: string, change: Partial<StepRun>): Promise<void> => {
      await query.updateTable('step_runs').set(stepChange(change)).where('id', '=', id).execute()
    },
    /** The newest step run that made its outputs with this key. */
    madeWithKey: async (cacheKey: string): Promise<StepRun | undefined> => {
      const row = await query
        .selectFrom('step_runs')
        .selectAll()
        .where('cache_key', '=', cacheKey)
        .where('state', '=', 'succeeded')
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row === undefined ? undefined : toStep(row)
    },
    /** The newest run of a step that got as far as having a key. */
    lastOf: async (pipeline: string, step: string): Promise<StepRun | undefined> => {
      const row = await query
        .selectFrom('step_runs')
        .selectAll()
        .where('pipeline', '=', pipeline)
        .where('step', '=', step)
        .where('cache_parts', 'is not', null)
        .where('state', 'not in', ['pending', 'skipped'])
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row === undefined ? undefined : toStep(row)
    },
    sourceDigest: async (path: string, fingerprint: string): Promise<string | undefined> => {
      const row = await query
        .selectFrom('source_digests')
        .select('digest')
        .where('path', '=', path)
        .where('fingerprint', '=', fingerprint)
        .executeTakeFirst()
      return row?.digest
    },
    keepSourceDigest: async (path: string, fingerprint: string, digest: string): Promise<void> => {
      await query
        .insertInto('source_digests')
        .values({ path, fingerprint, digest })
        .onConflict((conflict) => conflict.column('path').doUpdateSet({ fingerprint, digest }))
        .execute()
    },
  }
}
