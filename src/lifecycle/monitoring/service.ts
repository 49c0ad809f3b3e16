import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import { predictionsDirectory, readPredictions } from '#lifecycle/serving/index'
import { nearestName } from '#platform/nearest-name'
import type { Platform } from '#platform/platform'
import { createTurns } from '#platform/turns'
import { policyFor } from './canary-policy.ts'
import type { WatchedServing } from './trial-context.ts'
import { checkDeployment, type Checked } from './check.ts'
import type { CheckResult, FeedbackResult, Label, MonitorStatus } from './contract.ts'
import type { Alert } from './findings.ts'
import { monitorStatus, trialView, windowViews } from './monitor-view.ts'
import { readLog } from './read-log.ts'
import type { ModelReferences } from './reference-point.ts'
import type { PipelineStarter } from './retraining-point.ts'
import type { RowScorer } from './scorer-point.ts'
import type { Monitor } from './settings.ts'
import { settleRefusedChange, type Refusal } from './refused-change.ts'
import { createMonitoringStore } from './store.ts'

export const checkJobKind = 'monitoring.check'

export interface MonitoringDependencies {
  readonly platform: Platform
  readonly serving: WatchedServing
  /** The section `monitors` of the project, read again at every call. */
  readonly settings: () => Promise<Readonly<Record<string, Monitor>>>
  readonly references: ModelReferences
  readonly scorer: RowScorer
  readonly retraining: PipelineStarter
}

export type MonitoringService = ReturnType<typeof createMonitoringService>

export function createMonitoringService(dependencies: MonitoringDependencies) {
  const { platform, serving, settings, references } = dependencies
  const { clock, log, jobs, config } = platform
  const store = createMonitoringStore(platform.database)
  const context = { ...dependencies, store }
  const inTurn = createTurns()

  const monitorOf = async (name: string): Promise<Monitor> => {
    const all = await settings()
    const meant = nearestName(name, Object.keys(all))
    return (
      all[name] ??
      fail('not_found', `devmlops.yaml has no monitor "${name}".`, {
        hint: meant === undefined ? 'Add it under `monitors`.' : `Did you mean "${meant}"?`,
      })
    )
  }

  const check = (name: string, signal?: AbortSignal): Promise<Checked> =>
    inTurn(name, async () => {
      const monitor = (await isJudgedAlone(name)) ? undefined : await monitorOf(name)
      return checkDeployment({ deployment: name, monitor, signal }, context)
    })

  /** Without a monitor, the steps of a release are judged all the same. */
  const isJudgedAlone = async (name: string): Promise<boolean> => {
    if (name in (await settings())) return false
    const rollout = await serving.rollouts.runningOf(name)
    if (rollout !== undefined && policyFor(rollout, undefined) !== undefined) return true
    return (await store.canaries.trials(name)).some(({ state }) => state === 'running')
  }

  const enqueue = (name: string, actor: string) =>
    jobs.enqueue({ kind: checkJobKind, key: name, payload: { deployment: name }, actor })

  const readNow = async (name: string, { window: windowMs }: Monitor): Promise<void> => {
    const directory = predictionsDirectory(config.home, name)
    await inTurn(name, () => readLog({ deployment: name, directory, windowMs, store, references }))
  }

  /** Labels that a binary model can have; anything else would make every metric of a window impossible to compute. */
  const refuseForeignLabels = async (name: string, labels: readonly Label[]): Promise<void> => {
    const champion = (await serving.get(name)).variants[0]
    if (champion === undefined) return
    const task = (await references.referenceOf(champion.model, champion.version))?.task
    const at = task === 'binary' ? labels.findIndex(({ label }) => label !== 0 && label !== 1) : -1
    if (at === -1) return
    fail(
      'invalid_input',
      `labels[${at}]: the label of "${labels[at]?.id}" is ${labels[at]?.label}; ${champion.model} is binary, so expected 0 or 1.`,
      {
        hint: 'Nothing of this call was kept. Correct the label and send the call again.',
        at: `labels[${at}].label`,
      },
    )
  }

  /** Whether a check could find anything: new lines, windows that are due, news untold, a canary on trial. */
  const isDue = async (name: string, monitor: Monitor): Promise<boolean> => {
    const progress = await store.windows.progress(name)
    if (progress === undefined || progress.failure !== null) return true
    const after = { segment: progress.segment, offset: progress.byte_offset }
    const page = await readPredictions({
      directory: predictionsDirectory(config.home, name),
      after,
      limit: 1,
    })
    if (page.records.length + page.unreadable > 0) return true
    const due = await store.windows.due(name, progress.latest_event_time ?? 0, clock.now())
    if (due.length > 0 || (await store.alerts.untold(name)).length > 0) return true
    const rollout = await serving.rollouts.runningOf(name)
    return rollout !== undefined && policyFor(rollout, monitor) !== undefined
  }

  return {
    feedback: async (name: string, labels: readonly Label[], caller: Caller): Promise<FeedbackResult> => {
      // Of an id that is there twice, the later counts, as it would in two calls.
      const distinct = [...new Map(labels.map((label) => [label.id, label])).values()]
      await refuseForeignLabels(name, labels)
      const kept = await store.transaction((stores) => stores.labels.keep(name, distinct, clock.now()))
      const ids = distinct.map(({ id }) => id)
      let known = await store.labels.countKnown(name, ids)
      const monitor = (await settings())[name]
      if (monitor !== undefined && known < ids.length) {
        // Whoever labels a prediction made a moment ago should not be told that it is unknown.
        await readNow(name, monitor).catch((error: unknown) =>
          log.warn({ deployment: name, error: messageOf(error) }, 'the prediction log could not be read'),
        )
        known = await store.labels.countKnown(name, ids)
      }
      if (monitor !== undefined && kept.new + kept.changed > 0) await enqueue(name, caller.name)
      return { ...kept, unknown: ids.length - known }
    },

    /** The same without saying what came of it, for deployments without a monitor too. */
    runCheck: check,

    /** Reads, judges and acts now. */
    check: async (name: string, signal?: AbortSignal): Promise<CheckResult> => {
      const { read, judged, changes } = await check(name, signal)
      const status = await monitorStatus(name, await monitorOf(name), { store, now: clock.now() })
      return {
        monitor: name,
        read,
        judged: [...judged],
        changes: [...changes],
        ...(status.retraining === undefined ? {} : { retraining: status.retraining }),
        ...(status.canary === undefined ? {} : { canary: status.canary }),
      }
    },

    /** A check as a job, which answers at once. */
    enqueueCheck: enqueue,

    /** A change of a deployment was refused, or one was done. */
    noteRefusal: async (name: string, refusal: Refusal | undefined): Promise<void> =>
      settleRefusedChange(refusal, { deployment: name, monitor: (await settings())[name], store, platform }),

    /** Whether there is something to check of a deployment at all. */
    isWatched: async (name: string): Promise<boolean> =>
      name in (await settings()) || (await isJudgedAlone(name)),

    /** Called from time to time: enqueues a check of each deployment where one could find anything. */
    enqueueDue: async (): Promise<void> => {
      const monitors = await settings()
      for (const { name } of (await serving.list()).items) {
        const monitor = monitors[name]
        try {
          const due = monitor === undefined ? await isJudgedAlone(name) : await isDue(name, monitor)
          if (due) await enqueue(name, 'system:monitoring')
          else if (monitor !== undefined) await store.windows.noteCheck(name, clock.now())
        } catch (error) {
          log.warn({ deployment: name, error: messageOf(error) }, 'a monitor could not be looked at')
        }
      }
    },

    list: async (): Promise<MonitorStatus[]> => {
      const statuses: MonitorStatus[] = []
      for (const [name, monitor] of Object.entries(await settings())) {
        statuses.push(await monitorStatus(name, monitor, { store, now: clock.now() }))
      }
      return statuses
    },

    get: async (name: string) => monitorStatus(name, await monitorOf(name), { store, now: clock.now() }),

    windows: async (name: string, limit: number) => {
      await monitorOf(name)
      return windowViews(name, await store.windows.newest(name, limit), { store, now: clock.now() })
    },

    retrainings: async (name: string, limit: number) => {
      await monitorOf(name)
      return store.retrainings.list(name, limit)
    },

    canaries: async (name: string) => {
      const trials = await store.canaries.trials(name)
      if (trials.length === 0) await monitorOf(name)
      return Promise.all(
        trials.map(async (trial) => ({
          ...(await trialView(trial, store)),
          verdicts: await store.canaries.verdicts(trial.id),
        })),
      )
    },

    alerts: (filter: {
      monitor?: string
      kind?: string
      states?: readonly Alert['state'][]
      limit: number
    }) => store.alerts.alerts(filter),

    alert: async (id: string) => {
      const alert =
        (await store.alerts.alert(id)) ??
        fail('not_found', `No alert has the id "${id}".`, {
          hint: '`devmlops monitor alerts --all` lists them. Labels that came later may have taken it back.',
        })
      return { ...alert, transitions: await store.alerts.transitions({ alert: id }) }
    },

    countFiring: () => store.alerts.countFiring(),
  }
}
