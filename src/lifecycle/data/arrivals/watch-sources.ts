import type { Caller } from '#contract/endpoint'
import { DevmlopsError, messageOf } from '#contract/errors'
import type { JobKind } from '#platform/jobs/index'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import type { DatasetConfig } from '../section.ts'
import type { DataService } from '../service.ts'
import type { DataStore } from '../store.ts'
import { lookAtSource } from './look-at-source.ts'

/** How often the watched sources are gone through; each has a pace of its own. */
const tickMs = 1000
const jobKind = 'data.arrival'
const caller: Caller = { name: 'watch', permissions: new Set(['read', 'write', 'admin']) }

export interface Watcher {
  readonly jobKind: JobKind
  start(): void
  stop(): Promise<void>
  /** Looks at every source that is due, and queues what seems new. */
  lookDue(): Promise<void>
}

export interface WatcherOptions {
  readonly platform: Platform
  readonly project: () => Promise<DataProject>
  readonly service: DataService
  readonly store: DataStore
}

interface ArrivalPayload {
  readonly dataset: string
  readonly seen: string
  readonly paths?: readonly string[]
}

/**
 * Lets the server look for what is new. What was looked at, and when, is kept; what seems new is taken in by a job, so that
 * it is taken up again when the process dies. One round is one version.
 */
export function createWatcher({ platform, project, service, store }: WatcherOptions): Watcher {
  const { clock, log } = platform
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  const told = new Map<string, string>()

  const note = async (dataset: string, state: { seen?: string; problem: string | null }): Promise<void> => {
    const before = await store.watch(dataset)
    const seen = state.seen ?? before?.seen ?? ''
    await store.saveWatch(dataset, { lookedAt: clock.now(), seen, problem: state.problem })
    // Every few seconds the same would drown all else.
    if (state.problem !== null && told.get(dataset) !== state.problem) {
      log.warn({ dataset, problem: state.problem }, 'a watched source cannot be read')
    }
    if (state.problem === null) told.delete(dataset)
    else told.set(dataset, state.problem)
  }

  const look = async (dataset: string, config: DatasetConfig, directory: string): Promise<void> => {
    const watch = watchOf(config)
    if (watch === undefined) return
    const before = await store.watch(dataset)
    if (before !== undefined && clock.now() - before.lookedAt < watch.every) return
    try {
      const { home } = platform.config
      const glance = await lookAtSource(config, {
        directory,
        home,
        now: clock.now(),
        settleMs: watch.settle,
      })
      const { seen, paths } = glance
      const isNew = seen === undefined || (seen !== before?.seen && (paths === undefined || paths.length > 0))
      await note(dataset, { problem: null })
      if (!isNew) return
      const payload: ArrivalPayload = { dataset, seen: seen ?? '', ...(paths && { paths }) }
      await platform.jobs.enqueue({
        kind: jobKind,
        key: dataset,
        payload: { ...payload },
        actor: caller.name,
      })
    } catch (error) {
      // No file yet is what somebody watches for.
      const isEmpty = error instanceof DevmlopsError && error.code === 'not_found'
      await note(dataset, { problem: isEmpty ? null : messageOf(error) })
    }
  }

  const lookDue = async (): Promise<void> => {
    const { directory, sections } = await project()
    for (const [dataset, config] of Object.entries(sections.data)) await look(dataset, config, directory)
  }

  return {
    lookDue,
    jobKind: {
      kind: jobKind,
      concurrency: 2,
      run: async ({ job }) => {
        const { dataset, seen, paths } = job.payload as unknown as ArrivalPayload
        try {
          await service.add(dataset, { paths }, caller)
          await note(dataset, { seen, problem: null })
        } catch (error) {
          // What cannot be read now is looked at again with the next round.
          await note(dataset, { problem: messageOf(error) })
          throw error
        }
      },
    },
    start: () => {
      if (timer !== undefined) return
      const tick = (): void => {
        looking ??= lookDue()
          .catch((error: unknown) => log.error({ error: messageOf(error) }, 'sources were not watched'))
          .finally(() => (looking = undefined))
      }
      timer = setInterval(tick, tickMs)
      timer.unref()
      tick()
    },
    stop: async () => {
      clearInterval(timer)
      timer = undefined
      await looking
    },
  }
}

function watchOf({ source }: DatasetConfig): { every: number; settle: number } | undefined {
  return 'watch' in source ? source.watch : undefined
}
