import { fail } from '#contract/errors'
import type { RegistryService } from '#lifecycle/registry/index'
import type { PredictionView } from '#lifecycle/serving/contract'
import { routesOf } from '#platform/dispatch'
import type { Stage } from '#platform/platform'
import { governanceContract } from './contract.ts'
import { createPurgeService, type PurgeDependencies } from './purge.ts'

export { createReclaim, type Reclaim } from './reclaim.ts'

export interface GovernanceDependencies extends PurgeDependencies {
  readonly registry: Pick<RegistryService, 'trace'>
  readonly findPrediction: (id: string) => Promise<PredictionView>
}

export function createGovernanceStage(dependencies: GovernanceDependencies): {
  stage: Stage
} {
  const { platform, registry, findPrediction } = dependencies
  const purges = createPurgeService(dependencies)
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
    startPurge: (request, { caller }) => purges.start(request, caller.name),
    getPurge: async ({ purgeId }) =>
      (await purges.get(purgeId)) ?? fail('not_found', `There is no purge "${purgeId}".`),
    tracePrediction: async ({ id }) => {
      const prediction = await findPrediction(id)
      return { prediction, model: await registry.trace(prediction.model, String(prediction.version)) }
    },
  })
  return { stage: { name: 'governance', routes, jobKinds: [purges.jobKind] } }
}
