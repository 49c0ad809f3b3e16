import type { ServingContext } from '../serving-context.ts'
import { decoded, encoded, type Method } from './inference-service.ts'
import { repositoryIndexMessage, repositoryIndexRequest } from './service-messages.ts'

/** MLServer's clients ask this service; KServe's and Triton's ask the same of the inference service. */
export const repositoryServiceName = 'inference.model_repository.ModelRepositoryService'

/** Which models there are, and taking them in and out of memory. */
export function repositoryMethods(context: ServingContext): Readonly<Record<string, Method>> {
  return {
    RepositoryIndex: (call) => {
      const { ready = 0 } = decoded(repositoryIndexRequest, call) as { ready?: number }
      const { deployments, broken } = context.table()
      const models = [...deployments.values()].flatMap(({ plan, variants }) =>
        variants.map((variant) => ({
          name: plan.name,
          version: String(variant.plan.version),
          state: 'READY',
          reason: '',
        })),
      )
      const failed = [...broken].map(([name, { reason }]) => ({
        name,
        version: '',
        state: 'UNAVAILABLE',
        reason,
      }))
      return encoded(repositoryIndexMessage, { models: ready === 0 ? [...models, ...failed] : models })
    },
  }
}
