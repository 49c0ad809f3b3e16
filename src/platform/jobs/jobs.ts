import { randomUUID } from 'node:crypto'
import { messageOf } from '#contract/errors'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/index.ts'
import type { Log } from '../log.ts'
import type { JobTables } from './tables.ts'

export type JobState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** A long operation, kept in the store: it survives the process, runs again where it was cut off, and tells its progress. */
export interface Job {
  readonly id: string
  readonly kind: string
  /** At most one unfinished job of a kind has the same key; asking again answers the one that is there. */
  readonly key: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly state: JobState
  readonly actor: string
  readonly attempts: number
  readonly createdAt: number
  readonly finishedAt: number | undefined
  readonly error: string | undefined
}

export interface JobContext {
  readonly job: Job
  /** Aborted when someone cancels the job or the process shuts down. */
  readonly signal: AbortSignal
}

export interface JobKind {
  readonly kind: string
  /** How many of the kind run at once in this process. */
  readonly concurrency: number
  /** Must be idempotent: after a crash it is called again with the same job. */
  run(context: JobContext): Promise<void>
}

export interface Jobs {
  register(kind: JobKind): void
  enqueue(job: { kind: string; key: string; payload: Record<string, unknown>; actor: string }): Promise<Job>
  get(id: string): Promise<Job | undefined>
  list(filter: { kind?: string; states?: readonly JobState[]; limit: number }): Promise<Job[]>
  cancel(id: string): Promise<void>
  /** Starts to work: takes over what a dead process left running, then the queue. */
  start(): Promise<void>
  /** Stops taking work, aborts what runs (it stays queued) and waits for it. */
  stop(): Promise<void>
  /** Resolves when the job is finished. */
  wait(id: string): Promise<Job>
}

const maximumAttempts = 5

export function createJobs({ database, clock, log }: { database: Database; clock: Clock; log: Log }): Jobs {
  const query = database.query.withTables<JobTables>()
  const kinds = new Map<string, JobKind>()
  const running = new Map<string, { kind: string; abort: AbortController; done: Promise<void> }>()
  const waiters = new Map<string, Set<() => void>>()
  let started = false
  let stopping = false

  const get = async (id: string): Promise<Job | undefined> => {
    const row = await query.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
    return row === undefined ? undefined : toJob(row)
  }

  const settle = async (id: string, state: JobState, error?: string): Promise<void> => {
    await query
      .updateTable('jobs')
      .set({ state, error: error ?? null, finished_at: state === 'queued' ? null : clock.now() })
      .where('id', '=', id)
      .execute()
    if (state === 'queued') return
    for (const wake of waiters.get(id) ?? []) wake()
    waiters.delete(id)
  }

  const runOne = async (job: Job, kind: JobKind, abort: AbortController): Promise<void> => {
    try {
      await kind.run({ job, signal: abort.signal })
      await settle(job.id, 'succeeded')
    } catch (error) {
      if (abort.signal.aborted)
        await settle(job.id, stopping ? 'queued' : 'cancelled', messageOf(abort.signal.reason))
      else await settle(job.id, 'failed', messageOf(error))
      log.warn({ jobId: job.id, kind: job.kind, error: messageOf(error) }, 'job did not succeed')
    } finally {
      running.delete(job.id)
      void take()
    }
  }

  let taking: Promise<void> = Promise.resolve()
  const take = (): Promise<void> => {
    taking = taking.then(takeOnce, takeOnce)
    return taking
  }
  const takeOnce = async (): Promise<void> => {
    if (!started || stopping) return
    for (const kind of kinds.values()) {
      const busy = [...running.values()].filter((entry) => entry.kind === kind.kind).length
      const free = kind.concurrency - busy
      if (free <= 0) continue
      const rows = await query
        .selectFrom('jobs')
        .selectAll()
        .where('kind', '=', kind.kind)
        .where('state', '=', 'queued')
        .orderBy('created_at')
        .limit(free)
        .execute()
      for (const row of rows) {
        // The update names the state it expects, so that of several processes only one takes the job.
        const taken = await query
          .updateTable('jobs')
          .set({ state: 'running', attempts: row.attempts + 1, started_at: clock.now() })
          .where('id', '=', row.id)
          .where('state', '=', 'queued')
          .executeTakeFirst()
        if (taken.numUpdatedRows === 0n) continue
        const abort = new AbortController()
        const job = toJob({ ...row, state: 'running', attempts: row.attempts + 1 })
        running.set(job.id, { kind: job.kind, abort, done: Promise.resolve() })
        const done = runOne(job, kind, abort)
        if (running.has(job.id)) running.set(job.id, { kind: job.kind, abort, done })
      }
    }
  }

  return {
    get,
    register: (kind) => void kinds.set(kind.kind, kind),
    enqueue: async ({ kind, key, payload, actor }) => {
      const same = await query
        .selectFrom('jobs')
        .selectAll()
        .where('kind', '=', kind)
        .where('key', '=', key)
        .where('state', 'in', ['queued', 'running'])
        .executeTakeFirst()
      if (same !== undefined) return toJob(same)
      const row: JobTables['jobs'] = {
        id: randomUUID(),
        kind,
        key,
        payload: JSON.stringify(payload),
        state: 'queued',
        actor,
        attempts: 0,
        created_at: clock.now(),
        started_at: null,
        finished_at: null,
        error: null,
      }
      await query.insertInto('jobs').values(row).execute()
      void take()
      return toJob(row)
    },
    list: async ({ kind, states, limit }) => {
      let select = query.selectFrom('jobs').selectAll().orderBy('created_at', 'desc').limit(limit)
      if (kind !== undefined) select = select.where('kind', '=', kind)
      if (states !== undefined) select = select.where('state', 'in', [...states])
      return (await select.execute()).map(toJob)
    },
    cancel: async (id) => {
      const active = running.get(id)
      if (active !== undefined) {
        active.abort.abort(new Error('cancelled'))
        await active.done
        return
      }
      const job = await get(id)
      if (job?.state === 'queued') await settle(id, 'cancelled')
    },
    start: async () => {
      started = true
      // This process alone writes to an embedded store, so whatever is still marked running was cut off by a crash.
      // On PostgreSQL several processes share the queue; leases come with scale-out.
      await query
        .updateTable('jobs')
        .set({
          state: 'failed',
          error: `stopped ${maximumAttempts} times before it finished`,
          finished_at: clock.now(),
        })
        .where('state', '=', 'running')
        .where('attempts', '>=', maximumAttempts)
        .execute()
      await query.updateTable('jobs').set({ state: 'queued' }).where('state', '=', 'running').execute()
      await take()
    },
    stop: async () => {
      stopping = true
      await taking
      for (const { abort } of running.values()) abort.abort(new Error('the process is shutting down'))
      await Promise.allSettled([...running.values()].map(({ done }) => done))
    },
    wait: async (id) => {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          const waiting = waiters.get(id) ?? new Set()
          waiters.set(id, waiting.add(resolve))
        })
        const job = await get(id)
        if (job !== undefined && job.state !== 'queued' && job.state !== 'running') return job
        await changed
      }
    },
  }
}

function toJob(row: JobTables['jobs']): Job {
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
  }
}
