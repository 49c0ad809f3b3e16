import { setTimeout as pause } from 'node:timers/promises'
import type { Job, JobContext, JobKind, Jobs } from '#platform/jobs/index'
import { failureOf } from './failure.ts'
import { isFinished, isStepFinished, type PipelineRun } from './pipeline-run.ts'
import { announceEnd, executeRun, finishRun } from './run-execution.ts'
import type { RunTools } from './run-tools.ts'

const jobKind = 'pipeline.run'
const turnPollMs = 100
const cancelPollMs = 1000
/** Runs wait for their turn inside of their job, so waiting ones must not take the places of others. */
const concurrency = 64

export interface RunQueue {
  readonly jobKind: JobKind
  enqueue(run: PipelineRun): Promise<void>
  cancel(run: PipelineRun, actor: string): Promise<boolean>
  /** Gives every unfinished run its job back; a run whose job gave up has failed. */
  recover(): Promise<void>
}

/** Runs as jobs: one at a time of each pipeline, taken up again after a crash. */
export function createRunQueue(tools: RunTools, jobs: Jobs): RunQueue {
  const { store } = tools

  const enqueue = async ({ id, actor }: PipelineRun): Promise<void> => {
    await jobs.enqueue({ kind: jobKind, key: id, payload: { runId: id }, actor })
  }

  const jobOf = async (runId: string, states: readonly Job['state'][]): Promise<Job | undefined> =>
    (await jobs.list({ kind: jobKind, states, limit: 1000 })).find((job) => job.key === runId)

  const recover = async (): Promise<void> => {
    for (const run of await store.unfinishedRuns()) {
      const gaveUp = await jobOf(run.id, ['failed'])
      if (gaveUp === undefined) await enqueue(run)
      else await giveUp(run, new Error(`The run could not be carried on: ${gaveUp.error ?? 'no reason'}`))
    }
  }

  /** Ends a run that nobody will carry on; what never ran is marked as such. */
  const giveUp = async (run: PipelineRun, error: unknown): Promise<void> => {
    await closeSteps(run, error === undefined ? 'cancelled' : 'skipped')
    if (error === undefined) await finishRun(run, 'cancelled', { tools })
    else await finishRun(run, 'failed', { tools, failure: failureOf(error) })
  }

  const closeSteps = async (run: PipelineRun, state: 'cancelled' | 'skipped'): Promise<void> => {
    for (const step of await store.stepsOf(run.id)) {
      if (isStepFinished(step.state)) continue
      const left = step.state === 'running' && state === 'skipped' ? 'failed' : state
      await store.updateStep(step.id, { state: left, finishedAt: tools.platform.clock.now() })
    }
  }

  const waitForTurn = async (run: PipelineRun, signal: AbortSignal): Promise<void> => {
    for (let waits = 0; (await store.earlierUnfinished(run)).length > 0; waits++) {
      // The run before may have lost its job in a crash; then nobody would ever finish it.
      if (waits === 0) await recover()
      await pause(turnPollMs, undefined, { signal })
    }
  }

  const work = async ({ job, signal: jobSignal }: JobContext): Promise<void> => {
    const run = await store.getRun(String(job.payload['runId']))
    if (run === undefined) return
    if (isFinished(run.state)) return announceEnd(run.id, tools)
    const cancelled = new AbortController()
    // A cancel may be asked for in another process of the same store.
    const poll = setInterval(() => {
      void store
        .isCancelRequested(run.id)
        .then((asked) => asked && cancelled.abort(new Error('cancelled')))
        .catch(() => undefined)
    }, cancelPollMs)
    const signal = AbortSignal.any([jobSignal, cancelled.signal])
    try {
      if (await store.isCancelRequested(run.id)) cancelled.abort(new Error('cancelled'))
      signal.throwIfAborted()
      await waitForTurn(run, signal)
      await executeRun(run, signal, tools)
    } catch (error) {
      if (!signal.aborted) {
        await giveUp(run, error)
        throw error
      }
      // The process ends: the job stays, and the run with it.
      if (!(await store.isCancelRequested(run.id))) throw error
      await giveUp(run, undefined)
    } finally {
      clearInterval(poll)
    }
  }

  return {
    jobKind: { kind: jobKind, concurrency, run: work },
    enqueue,
    recover,
    cancel: async (run, actor) => {
      if (!(await store.requestCancel(run.id, actor))) return false
      const job = await jobOf(run.id, ['queued', 'running'])
      if (job !== undefined) await jobs.cancel(job.id)
      // A job that was still queued is gone without having run.
      if (job?.state !== 'running') await giveUp(run, undefined)
      return true
    },
  }
}
