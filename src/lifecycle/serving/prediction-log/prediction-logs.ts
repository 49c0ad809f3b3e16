import { fail } from '#contract/errors'
import type { Handlers } from '#contract/endpoint'
import type { Platform } from '#platform/platform'
import type { DeployableModels } from '../deployed-versions.ts'
import type { LogSettings } from '../deployment/log.ts'
import { settingsIn } from '../revision.ts'
import type { ServingHost } from '../serving-host-point.ts'
import { createServingStore } from '../store.ts'
import type { predictionLogContract } from './contract.ts'
import { createLogCalls } from './log-calls.ts'
import { createLogEvents } from './log-events.ts'
import { createLogUpkeep } from './log-upkeep.ts'

export interface PredictionLogsDependencies {
  readonly platform: Platform
  readonly models: Pick<DeployableModels, 'version'>
  readonly host: Pick<ServingHost, 'status'>
  readonly directoryOf: (deployment: string) => string
}

/** The control side of prediction logs: their files, what they say of themselves, and what they hold. */
export function createPredictionLogs({ platform, models, host, directoryOf }: PredictionLogsDependencies) {
  const store = createServingStore(platform.database)
  const settingsOf = async (deployment: string): Promise<LogSettings> => {
    const row = await store.current(deployment)
    if (row === undefined) return fail('not_found', `"${deployment}" was never deployed.`)
    return settingsIn(row).log
  }
  const logs = async () =>
    (await store.allCurrent()).map((row) => ({ deployment: row.deployment, settings: settingsIn(row).log }))
  const events = createLogEvents({ platform, logs, directoryOf })
  const upkeep = createLogUpkeep({
    platform,
    directoryOf,
    logs,
    signatureOf: async (model, version) => (await models.version(model, version)).signature,
  })
  const calls = createLogCalls({
    upkeep,
    settingsOf,
    directoryOf,
    figuresOf: async (deployment) =>
      (await host.status())?.deployments.find(({ name }) => name === deployment)?.log,
    eventsOf: events.figures,
  })
  const handlers: Handlers<typeof predictionLogContract> = {
    log: ({ name }) => calls.log(name),
    compact: ({ name }, { caller }) => calls.compact(name, caller.name),
    records: async ({ name, since, until, afterSegment, afterOffset, limit }) => {
      const after =
        afterSegment === undefined ? undefined : { segment: afterSegment, offset: afterOffset ?? 0 }
      const { items, next } = await calls.records(name, { since, until, after, limit })
      return { items: items.map(plainRecord), ...(next === undefined ? {} : { next }) }
    },
  }
  return {
    handlers,
    jobKinds: [upkeep.jobKind, events.jobKind],
    expired: upkeep.expired,
    /** To be called every now and then. */
    enqueueDue: async (): Promise<void> => {
      await upkeep.enqueueDue()
      await events.enqueueDue()
    },
  }
}

type Item = Awaited<ReturnType<Handlers<typeof predictionLogContract>['records']>>['items'][number]

function plainRecord(record: object): Item {
  return record as Item
}
