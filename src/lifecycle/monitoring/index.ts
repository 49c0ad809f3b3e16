import { routesOf } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { monitoringContract } from './contract.ts'
import {
  checkJobKind,
  createMonitoringService,
  type MonitoringDependencies,
  type MonitoringService,
} from './service.ts'

export { isJudged } from './canary-policy.ts'
export { monitoringGauges } from './gauges.ts'
export type { ModelReferences } from './reference-point.ts'
export { monitorsSection } from './section.ts'
export { monitoringMigrations } from './tables.ts'

export function createMonitoringStage(dependencies: MonitoringDependencies): {
  readonly stage: Stage
  readonly service: MonitoringService
} {
  const service = createMonitoringService(dependencies)
  const routes = routesOf('monitoring', monitoringContract, {
    feedback: ({ name, labels }, { caller }) => service.feedback(name, labels, caller),
    list: async () => ({ items: await service.list() }),
    get: ({ name }) => service.get(name),
    windows: async ({ name, limit }) => ({ items: await service.windows(name, limit) }),
    check: ({ name }, { signal }) => service.check(name, signal),
    retrainings: async ({ name, limit }) => ({ items: await service.retrainings(name, limit) }),
    canaries: async ({ name }) => ({ items: await service.canaries(name) }),
    alerts: async ({ monitor, kind, state, all, limit }) => ({
      items: await service.alerts({
        limit,
        ...(monitor === undefined ? {} : { monitor }),
        ...(kind === undefined ? {} : { kind }),
        ...(state === undefined ? (all ? {} : { states: ['pending', 'firing'] }) : { states: [state] }),
      }),
    }),
    alert: ({ id }) => service.alert(id),
  })
  return {
    service,
    stage: {
      name: 'monitoring',
      routes,
      jobKinds: [
        {
          kind: checkJobKind,
          concurrency: 1,
          run: async ({ job, signal }) =>
            void (await service.runCheck(String(job.payload['deployment']), signal)),
        },
      ],
      subscriptions: [
        {
          // A canary that starts or ends begins or closes its trial now, not at the next round.
          name: 'monitoring.follow-deployment',
          types: ['deployment.changed', 'rollout.changed'],
          handle: async ({ subject, actor }) => {
            const name = subject.slice('deployment/'.length)
            if (await service.isWatched(name)) await service.enqueueCheck(name, actor)
          },
        },
        {
          name: 'monitoring.refused-changes',
          types: ['deployment.refused', 'deployment.changed'],
          handle: async ({ type, subject, time, payload }) => {
            const { reason, tried } = payload as { reason: string; tried?: string }
            const refusal = type === 'deployment.refused' ? { time, reason, tried: tried ?? '' } : undefined
            await service.noteRefusal(subject.slice('deployment/'.length), refusal)
          },
        },
      ],
    },
  }
}
