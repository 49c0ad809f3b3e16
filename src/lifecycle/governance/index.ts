import type { RegistryService } from '#lifecycle/registry/index'
import type { PredictionView } from '#lifecycle/serving/contract'
import { routesOf } from '#platform/dispatch'
import type { Platform, Stage } from '#platform/platform'
import { governanceContract } from './contract.ts'

export interface GovernanceDependencies {
  readonly platform: Pick<Platform, 'audit' | 'events'>
  readonly registry: Pick<RegistryService, 'trace'>
  readonly findPrediction: (id: string) => Promise<PredictionView>
}

export function createGovernanceStage({ platform, registry, findPrediction }: GovernanceDependencies): {
  stage: Stage
} {
  const routes = routesOf('governance', governanceContract, {
    audit: async ({ limit }) => ({ items: await platform.audit.list(limit) }),
    events: async ({ before, subject, limit }) => ({
      items: (
        await platform.events.list({
          limit,
          newestFirst: true,
          ...(before === undefined ? {} : { after: before }),
          ...(subject === undefined ? {} : { subject }),
        })
      ).map((event) => ({ ...event })),
    }),
    tracePrediction: async ({ id }) => {
      const prediction = await findPrediction(id)
      return { prediction, model: await registry.trace(prediction.model, String(prediction.version)) }
    },
  })
  return { stage: { name: 'governance', routes } }
}
