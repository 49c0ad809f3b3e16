import { DevmlopsError, fail, toProblem } from '#contract/errors'
import type { Job, JobContext, JobKind, Jobs } from '#platform/jobs/index'
import type { DataTask, TaskProgress, TaskResult } from './task-calls.ts'

export type Operation = DataTask['operation']

export interface TaskContext {
  readonly actor: string
  readonly signal: AbortSignal
  /** Written down every now and then. */
  readonly report: (progress: TaskProgress) => void
}

type Work = (input: Readonly<Record<string, unknown>>, context: TaskContext) => Promise<TaskResult>

export interface DataTasks {
  readonly jobKinds: readonly JobKind[]
  start(operation: Operation, input: Readonly<Record<string, unknown>>, actor: string): Promise<DataTask>
  get(id: string): Promise<DataTask>
  cancel(id: string): Promise<DataTask>
}

const prefix = 'data.'
const reportEveryMs = 200

/**
 * Pushes, pulls, verifications and collections as jobs: one that a process did not live to end is taken up again, and
 * since each only does what is not done, that is as good as going on.
 */
export function createDataTasks(jobs: Jobs, work: Readonly<Record<Operation, Work>>): DataTasks {
  const run =
    (operation: Operation) =>
    async ({ job, signal, report }: JobContext): Promise<void> => {
      let latest: TaskProgress = {}
      let told: Promise<void> = Promise.resolve()
      let toldAt = 0
      const tell = (progress: TaskProgress): void => {
        latest = progress
        if (Date.now() - toldAt < reportEveryMs) return
        toldAt = Date.now()
        told = told.then(() => report({ progress })).catch(() => undefined)
      }
      try {
        const result = await work[operation](job.payload, { actor: job.actor, signal, report: tell })
        await told
        await report({ progress: latest, result })
      } catch (error) {
        await told
        // Cut off, it has no end yet.
        if (!signal.aborted) await report({ progress: latest, problem: { ...toProblem(error) } })
        throw error
      }
    }

  const find = async (id: string): Promise<Job> => {
    const job = await jobs.get(id)
    return job?.kind.startsWith(prefix) === true
      ? job
      : fail('not_found', `There is no task "${id.slice(0, 100)}".`, { at: 'taskId' })
  }

  return {
    jobKinds: (Object.keys(work) as Operation[]).map((operation) => ({
      kind: `${prefix}${operation}`,
      concurrency: 1,
      run: run(operation),
    })),
    start: async (operation, input, actor) =>
      taskOf(
        await jobs.enqueue({
          kind: `${prefix}${operation}`,
          // The same work that somebody else has started is not done twice.
          key: JSON.stringify(input),
          payload: { ...input },
          actor,
        }),
      ),
    get: async (id) => taskOf(await find(id)),
    cancel: async (id) => {
      await find(id)
      await jobs.cancel(id)
      return taskOf(await find(id))
    },
  }
}

function taskOf(job: Job): DataTask {
  const kept = (job.progress ?? {}) as Partial<Pick<DataTask, 'progress' | 'result' | 'problem'>>
  const failed = job.state === 'failed' || job.state === 'cancelled'
  const ended = new DevmlopsError(job.state === 'cancelled' ? 'cancelled' : 'internal', job.error ?? '')
  return {
    id: job.id,
    operation: job.kind.slice(prefix.length) as Operation,
    state: job.state,
    progress: kept.progress ?? {},
    result: job.state === 'succeeded' ? (kept.result ?? null) : null,
    problem: failed ? (kept.problem ?? { code: ended.code, detail: ended.message }) : null,
  }
}
