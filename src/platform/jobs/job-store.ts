import type { Database } from '../database/index.ts'
import type { Job, JobState } from './job.ts'
import type { JobTables } from './tables.ts'

type JobRow = JobTables['jobs']

export interface Lease {
  /** The process that works. */
  readonly holder: string
  readonly now: number
  readonly until: number
}

/** All SQL of jobs. Every change of a running job names its holder, so that a process that lost a job changes nothing. */
export interface JobStore {
  get(id: string): Promise<Job | undefined>
  list(filter: { kind?: string; states?: readonly JobState[]; limit: number }): Promise<Job[]>
  /** Answers the unfinished job of the same kind and key, if there is one. */
  insert(job: Job): Promise<Job>
  /** Takes queued jobs, the oldest first; of several processes only one gets each. */
  take(kind: string, limit: number, lease: Lease): Promise<Job[]>
  /** Answers which of the jobs are still the holder's. */
  renew(ids: readonly string[], lease: Lease): Promise<ReadonlySet<string>>
  finish(id: string, holder: string, end: { state: JobState; error?: string; now: number }): Promise<void>
  /** Writes down how far a job is; a process that lost it changes nothing. */
  report(id: string, holder: string, progress: Job['progress']): Promise<void>
  /** Puts a job back that its process gives up of its own will: that is no failed attempt. */
  putBack(id: string, holder: string): Promise<void>
  cancelQueued(id: string, now: number): Promise<boolean>
  /** Queues again what dead processes left running; a job that killed `maximumAttempts` processes has failed. */
  takeOver(options: { now: number; onlyExpired: boolean; maximumAttempts: number }): Promise<void>
}

export function createJobStore(database: Database): JobStore {
  const query = database.query.withTables<JobTables>()

  const get = async (id: string): Promise<Job | undefined> => {
    const row = await query.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : toJob(row)
  }

  const unfinished = (kind: string, key: string): Promise<JobRow | undefined> =>
    query
      .selectFrom('jobs')
      .selectAll()
      .where('kind', '=', kind)
      .where('key', '=', key)
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirst()

  return {
    get,
    list: async ({ kind, states, limit }) => {
      let select = query.selectFrom('jobs').selectAll().limit(limit)
      if (kind !== undefined) select = select.where('kind', '=', kind)
      if (states !== undefined) select = select.where('state', 'in', [...states])
      return (await select.orderBy('created_at', 'desc').orderBy('id').execute()).map(toJob)
    },
    insert: async (job) => {
      for (;;) {
        const same = await unfinished(job.kind, job.key)
        if (same !== undefined) return toJob(same)
        // A unique index decides between two that ask at once; the loser then finds the winner's.
        const inserted = await query
          .insertInto('jobs')
          .values(toRow(job))
          .onConflict((conflict) => conflict.doNothing())
          .executeTakeFirst()
        if (Number(inserted.numInsertedOrUpdatedRows ?? 0) > 0) return job
      }
    },
    take: async (kind, limit, { holder, now, until }) => {
      const rows = await query
        .selectFrom('jobs')
        .selectAll()
        .where('kind', '=', kind)
        .where('state', '=', 'queued')
        .orderBy('created_at')
        .orderBy('id')
        .limit(limit)
        .execute()
      const taken: Job[] = []
      for (const row of rows) {
        const change = {
          state: 'running',
          attempts: row.attempts + 1,
          started_at: now,
          holder,
          lease_until: until,
        } as const
        const { numUpdatedRows } = await query
          .updateTable('jobs')
          .set(change)
          .where('id', '=', row.id)
          .where('state', '=', 'queued')
          .executeTakeFirst()
        if (numUpdatedRows > 0n) taken.push(toJob({ ...row, ...change }))
      }
      return taken
    },
    renew: async (ids, { holder, until }) => {
      const rows = await query
        .updateTable('jobs')
        .set({ lease_until: until })
        .where('id', 'in', [...ids])
        .where('holder', '=', holder)
        .where('state', '=', 'running')
        .returning('id')
        .execute()
      return new Set(rows.map(({ id }) => id))
    },
    finish: async (id, holder, { state, error, now }) => {
      await query
        .updateTable('jobs')
        .set({ state, error: error ?? null, finished_at: now, lease_until: null })
        .where('id', '=', id)
        .where('holder', '=', holder)
        .where('state', '=', 'running')
        .execute()
    },
    report: async (id, holder, progress) => {
      await query
        .updateTable('jobs')
        .set({ progress: JSON.stringify(progress ?? {}) })
        .where('id', '=', id)
        .where('holder', '=', holder)
        .where('state', '=', 'running')
        .execute()
    },
    putBack: async (id, holder) => {
      await query
        .updateTable('jobs')
        .set((row) => ({ state: 'queued', lease_until: null, attempts: row('attempts', '-', 1) }))
        .where('id', '=', id)
        .where('holder', '=', holder)
        .where('state', '=', 'running')
        .execute()
    },
    cancelQueued: async (id, now) => {
      const { numUpdatedRows } = await query
        .updateTable('jobs')
        .set({ state: 'cancelled', finished_at: now })
        .where('id', '=', id)
        .where('state', '=', 'queued')
        .executeTakeFirst()
      return numUpdatedRows > 0n
    },
    takeOver: async ({ now, onlyExpired, maximumAttempts }) => {
      const error = `stopped ${maximumAttempts} times before it finished`
      let giveUp = query
        .updateTable('jobs')
        .set({ state: 'failed', error, finished_at: now })
        .where('state', '=', 'running')
        .where('attempts', '>=', maximumAttempts)
      let requeue = query
        .updateTable('jobs')
        .set({ state: 'queued', lease_until: null })
        .where('state', '=', 'running')
      if (onlyExpired) {
        giveUp = giveUp.where('lease_until', '<', now)
        requeue = requeue.where('lease_until', '<', now)
      }
      await giveUp.execute()
      await requeue.execute()
    },
  }
}

function toRow(job: Job): JobRow {
  return {
    id: job.id,
    kind: job.kind,
    key: job.key,
    payload: JSON.stringify(job.payload),
    state: job.state,
    actor: job.actor,
    attempts: job.attempts,
    created_at: job.createdAt,
    started_at: null,
    finished_at: null,
    error: null,
    holder: null,
    lease_until: null,
    progress: null,
  }
}

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    key: row.key,
    payload: JSON.parse(row.payload) as Record<string, unknown>,
    state: row.state,
    actor: row.actor,
    attempts: row.attempts,
    createdAt: row.created_at,
    finishedAt: row.finished_at ?? undefined,
    error: row.error ?? undefined,
    progress: row.progress === null ? undefined : (JSON.parse(row.progress) as Record<string, unknown>),
  }
}
