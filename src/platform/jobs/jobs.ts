import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { fail, messageOf } from '#contract/errors'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/index.ts'
import type { Log } from '../log.ts'
import type { Job, JobState } from './job.ts'
import { createJobStore, type Lease } from './job-store.ts'

export interface JobContext {
  readonly job: Job
  /** Aborted when someone cancels the job or the process shuts down. */
  readonly signal: AbortSignal
  /** Keeps how far the job is, in place of what was kept before. A job that is taken up again reads it in `job.progress`. */
  report(progress: Readonly<Record<string, unknown>>): Promise<void>
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
  /** Starts to work: takes over what a dead process left running, then the queue. Safe to call again. */
  start(): Promise<void>
  /** Stops taking work, aborts what runs (it stays queued) and waits for it. */
  stop(): Promise<void>
  /** Resolves when the job is finished; fails with `not_found`, or with `cancelled` when this process stops before. */
  wait(id: string): Promise<Job>
}

/** A process that dies five times over the same job would die a sixth time. */
const maximumAttempts = 5
/** A process renews its jobs three times before others may think it dead. */
const leaseMs = 30_000
const renewMs = 10_000
/** How often several processes on one store look for each other's news. */
const pollMs = 1000

export function createJobs({ database, clock, log }: { database: Database; clock: Clock; log: Log }): Jobs {
  const store = createJobStore(database)
  const holder = `${process.pid}-${randomUUID()}`
  // An embedded store has one writer, so what is marked running there was cut off by a crash. On PostgreSQL it may run in
  // another process: leases tell, and the queue is polled.
  const alone = database.engine === 'sqlite'
  const kinds = new Map<string, JobKind>()
  const running = new Map<string, { kind: string; abort: AbortController; done: Promise<void> }>()
  const waiters = new Map<string, Set<() => void>>()
  const timers: NodeJS.Timeout[] = []
  let started = false
  let stopping = false

  const lease = (): Lease => ({ holder, now: clock.now(), until: clock.now() + leaseMs })
  const quietly = (work: Promise<unknown>, what: string): void =>
    void work.catch((error: unknown) => log.error({ error: messageOf(error) }, what))

  const wake = (id: string): void => {
    for (const resume of waiters.get(id) ?? []) resume()
    waiters.delete(id)
  }

  const runOne = async (job: Job, kind: JobKind, { signal }: AbortController): Promise<void> => {
    const finish = (state: JobState, error?: string): Promise<void> =>
      store.finish(job.id, holder, { state, now: clock.now(), ...(error === undefined ? {} : { error }) })
    try {
      await kind.run({ job, signal, report: (progress) => store.report(job.id, holder, progress) })
      await finish('succeeded')
    } catch (error) {
      log.warn({ jobId: job.id, kind: job.kind, error: messageOf(error) }, 'job did not succeed')
      if (!signal.aborted) await finish('failed', messageOf(error))
      else if (stopping) await store.putBack(job.id, holder)
      else await finish('cancelled', messageOf(signal.reason))
    }
  }

  const take = async (): Promise<void> => {
    if (!started || stopping) return
    for (const kind of kinds.values()) {
      const busy = [...running.values()].filter((entry) => entry.kind === kind.kind).length
      if (busy >= kind.concurrency) continue
      for (const job of await store.take(kind.kind, kind.concurrency - busy, lease())) {
        const abort = new AbortController()
        // A full disk may keep even the end from being written; then the next start takes the job up again.
        const done = runOne(job, kind, abort)
          .catch((error: unknown) => log.error({ jobId: job.id, error: messageOf(error) }, 'job has no end'))
          .finally(() => {
            running.delete(job.id)
            wake(job.id)
            takeSoon()
          })
        running.set(job.id, { kind: job.kind, abort, done })
      }
    }
  }
  let taking: Promise<void> = Promise.resolve()
  const takeNext = (): Promise<void> => (taking = taking.then(take, take))
  const takeSoon = (): void => quietly(takeNext(), 'jobs could not be taken')

  const renew = async (): Promise<void> => {
    if (running.size === 0) return
    const kept = await store.renew([...running.keys()], lease())
    for (const [id, { abort }] of running) {
      if (!kept.has(id)) abort.abort(new Error('another process has taken the job over'))
    }
  }

  const takeOver = (): Promise<void> =>
    store.takeOver({ now: clock.now(), onlyExpired: !alone, maximumAttempts })

  return {
    get: store.get,
    list: store.list,
    register: (kind) => void kinds.set(kind.kind, kind),
    enqueue: async ({ kind, key, payload, actor }) => {
      const job = await store.insert({
        id: randomUUID(),
        kind,
        key,
        payload,
        state: 'queued',
        actor,
        attempts: 0,
        createdAt: clock.now(),
        finishedAt: undefined,
        error: undefined,
        progress: undefined,
      })
      takeSoon()
      return job
    },
    cancel: async (id) => {
      if (await store.cancelQueued(id, clock.now())) return wake(id)
      // It may have been taken a moment ago, and not be listed yet.
      await taking.catch(() => undefined)
      const active = running.get(id)
      active?.abort.abort(new Error('cancelled'))
      await active?.done
    },
    start: async () => {
      started = true
      await takeOver()
      await takeNext()
      if (alone || timers.length > 0) return
      timers.push(
        setInterval(() => quietly(renew(), 'leases of jobs could not be renewed'), renewMs).unref(),
        setInterval(() => quietly(takeOver().then(takeNext), 'jobs could not be taken'), pollMs).unref(),
      )
    },
    stop: async () => {
      stopping = true
      for (const timer of timers) clearInterval(timer)
      await taking.catch(() => undefined)
      for (const { abort } of running.values()) abort.abort(new Error('the process is shutting down'))
      await Promise.all([...running.values()].map(({ done }) => done))
      // Whoever waits learns that the job did not end here.
      for (const id of waiters.keys()) wake(id)
    },
    wait: async (id) => {
      for (;;) {
        const changed = Promise.withResolvers<void>()
        waiters.set(id, (waiters.get(id) ?? new Set()).add(changed.resolve))
        const job = (await store.get(id)) ?? fail('not_found', `There is no job "${id}".`)
        if (job.state !== 'queued' && job.state !== 'running') {
          wake(id)
          return job
        }
        if (stopping) fail('cancelled', `The process ends; the job "${job.kind}" goes on with the next one.`)
        await (alone ? changed.promise : Promise.race([changed.promise, pause(pollMs)]))
      }
    },
  }
}
