import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import type { JobKind } from '#platform/jobs/index'
import type { Platform } from '#platform/platform'
import {
  batchSettingsSchema,
  type BatchSection,
  type BatchSettings,
  type ScheduledBatch,
} from './batch-section.ts'
import type { BatchDatasets } from './batch-source.ts'
import { createBatchStore, type BatchRow } from './batch-store.ts'
import type { BatchRun } from './batch-calls.ts'
import { requireInside } from './result-folder.ts'
import type { BatchModels } from './run-batch.ts'

export interface BatchDependencies {
  readonly platform: Platform
  /** The section as the file has it now, and where the project is. */
  readonly project: () => Promise<{ readonly directory: string; readonly batches: BatchSection }>
  readonly models: BatchModels
  readonly datasets: BatchDatasets & {
    /** Fails with permission_denied where the dataset masks columns and the caller may not see them. */
    requireRaw(reference: string, caller: Caller): Promise<void>
    /** Makes a version of a dataset from Parquet files. */
    publish(publication: {
      readonly dataset: string
      readonly files: readonly { readonly path: string; readonly name: string }[]
      readonly run: string
      readonly batch: string
      readonly actor: string
    }): Promise<{ readonly dataset: string; readonly version: number }>
  }
}

/** A batch and the model version that it was last scored with. */
export interface ScoredWith {
  readonly name: string
  readonly model: string
  readonly version: number
  readonly at: number
  readonly actor: string
}

export type BatchService = ReturnType<typeof createBatchService>

const jobKind = 'batch.score'

/** Scores tables as a whole, as durable jobs. */
export function createBatchService(dependencies: BatchDependencies) {
  const { platform, project } = dependencies
  const { clock, jobs, config } = platform
  const store = createBatchStore(platform.database)
  const startedAt = clock.now()

  const get = async (id: string): Promise<BatchRow> =>
    (await store.get(id)) ??
    fail('not_found', `There is no batch run "${id}".`, { hint: '`devmlops score --list` shows them.' })

  const settingsOf = async (name: string): Promise<BatchSettings> => {
    const { batches } = await project()
    const found = batches[name]
    if (found === undefined) {
      return fail('not_found', `devmlops.yaml has no batch "${name}".`, {
        hint: `Known: ${Object.keys(batches).join(', ') || 'none'}. Add it under \`batch_scoring\`.`,
      })
    }
    const { every: _, offset: __, description: ___, ...settings } = found
    return settings
  }

  const enqueue = async (row: BatchRow): Promise<BatchRun | undefined> => {
    if (!(await store.add(row))) return undefined
    const job = await jobs.enqueue({ kind: jobKind, key: row.id, payload: { run: row.id }, actor: row.actor })
    await store.update(row.id, { job: job.id })
    return view({ ...row, job: job.id })
  }

  const newRow = (
    name: string,
    settings: BatchSettings,
    { dueAt, actor }: { dueAt: number; actor: string },
  ): BatchRow => ({
    id: randomUUID(),
    name,
    due_at: dueAt,
    state: 'queued',
    settings: JSON.stringify(settings),
    job: null,
    model: null,
    version: null,
    sources: null,
    rows: null,
    refused: null,
    scored_rows: 0,
    total_rows: null,
    result: null,
    error: null,
    actor,
    created_at: clock.now(),
    finished_at: null,
  })

  const job: JobKind = {
    kind: jobKind,
    concurrency: 1,
    run: async ({ job: { payload }, signal }) => {
      const row = await get(String(payload['run']))
      if (row.state === 'succeeded' || row.state === 'failed' || row.state === 'cancelled') return
      const directory = workDirectory(row.id)
      const finish = (change: Partial<BatchRow>): Promise<void> =>
        store.update(row.id, { ...change, finished_at: clock.now() })
      try {
        const { runBatch } = await import('./run-batch.ts')
        const { directory: projectDirectory } = await project()
        const done = await runBatch(row, {
          ...dependencies,
          settings: batchSettingsSchema.parse(JSON.parse(row.settings)),
          projectDirectory,
          workDirectory: directory,
          signal,
          keep: (change) => store.update(row.id, change),
        })
        await finish({ state: 'succeeded', ...done })
        await platform.events.emit({
          type: 'batch.finished',
          subject: `batch/${row.name}`,
          actor: row.actor,
          payload: { run: row.id, rows: done.rows, refused: done.refused, result: done.result },
        })
      } catch (error) {
        // Put back by a process that stops, and not cancelled: it goes on with what is left.
        if (signal.aborted) throw error
        await finish({ state: 'failed', error: messageOf(error) })
        await rm(directory, { recursive: true, force: true })
        throw error
      }
      await rm(directory, { recursive: true, force: true })
    },
  }

  function workDirectory(id: string): string {
    return join(config.home, 'batch', id)
  }

  return {
    job,

    start: async (name: string, given: BatchSettings | undefined, caller: Caller): Promise<BatchRun> => {
      const settings = given ?? (await settingsOf(name))
      const { directory } = await project()
      if (settings.folder !== undefined) requireInside(directory, settings.folder)
      for (const reference of [settings.data, ...Object.values(settings.inputs)]) {
        if (reference !== undefined)
          await dependencies.datasets.requireRaw(reference.replace(/^data\./, ''), caller)
      }
      // Two calls in one millisecond are two runs.
      for (let dueAt = clock.now(); ; dueAt++) {
        const run = await enqueue(newRow(name, settings, { dueAt, actor: caller.name }))
        if (run !== undefined) return run
      }
    },

    get: async (id: string): Promise<BatchRun> => view(await get(id)),

    list: async (filter: { name?: string | undefined; limit: number }): Promise<BatchRun[]> =>
      (await store.list(filter)).map(view),

    /** The batches of devmlops.yaml that have run, each with the version that scored last. */
    scoredWith: async (): Promise<ScoredWith[]> => {
      const found = await Promise.all(
        Object.keys((await project()).batches).map((name) => store.newestOf(name, 'succeeded')),
      )
      return found.flatMap((row) =>
        row === undefined || row.model === null || row.version === null
          ? []
          : [{ name: row.name, model: row.model, version: row.version, at: row.due_at, actor: row.actor }],
      )
    },

    cancel: async (id: string): Promise<BatchRun> => {
      const row = await get(id)
      if (row.state === 'queued' || row.state === 'running') {
        await store.update(id, { state: 'cancelled', finished_at: clock.now() })
        if (row.job !== null) await jobs.cancel(row.job)
        await rm(workDirectory(id), { recursive: true, force: true })
      }
      return view(await get(id))
    },

    /** Starts what the clock says is due, each due time once: however many processes look, the store has one row for it. */
    startDue: async (): Promise<void> => {
      for (const [name, batch] of Object.entries((await project()).batches)) {
        const dueAt = lastDue(batch, clock.now())
        if (dueAt === undefined) continue
        const newest = await store.newestOf(name)
        // What was due while nothing ran is made up for once; a batch that never ran waits for its first time.
        if ((newest?.due_at ?? startedAt) >= dueAt) continue
        await enqueue(newRow(name, await settingsOf(name), { dueAt, actor: 'system:batch' }))
      }
    },
  }
}

/** The newest time at or before `now` at which a batch is due; undefined for one that only runs when asked. */
export function lastDue(
  { every, offset }: Pick<ScheduledBatch, 'every' | 'offset'>,
  now: number,
): number | undefined {
  if (every === undefined || every === 0) return undefined
  return Math.floor((now - offset) / every) * every + offset
}

function view(row: BatchRow): BatchRun {
  const sources = row.sources === null ? [] : Object.values(JSON.parse(row.sources) as Record<string, string>)
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    ...(row.model === null ? {} : { model: row.model }),
    ...(row.version === null ? {} : { version: row.version }),
    sources,
    scoredRows: row.scored_rows,
    ...(row.total_rows === null ? {} : { totalRows: row.total_rows }),
    ...(row.refused === null ? {} : { refused: row.refused }),
    ...(row.result === null ? {} : { result: row.result }),
    ...(row.error === null ? {} : { error: row.error }),
    actor: row.actor,
    dueAt: row.due_at,
    createdAt: row.created_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  }
}
