import type { BatchService, DeploymentView, ServingService } from '#lifecycle/serving/index'

type Watched = Pick<ServingService, 'list' | 'get' | 'revisions' | 'rollouts'>

/** What monitors watch: the deployments, and the batches, whose predictions stand in a log of their own. */
export function watchedEndpoints(serving: Watched, batches: Pick<BatchService, 'scoredWith'>): Watched {
  return {
    revisions: serving.revisions,
    rollouts: serving.rollouts,
    list: async () => {
      const deployments = await serving.list()
      const scored = await batches.scoredWith()
      return { ...deployments, items: [...deployments.items, ...scored.map(viewOf)] }
    },
    get: async (name) => {
      const scored = (await batches.scoredWith()).find((batch) => batch.name === name)
      return scored === undefined ? serving.get(name) : viewOf(scored)
    },
  }
}

type Scored = Awaited<ReturnType<BatchService['scoredWith']>>[number]

function viewOf({ name, model, version, at, actor }: Scored): DeploymentView {
  return {
    name,
    state: 'active',
    revision: 0,
    model,
    variants: [{ name: 'champion', model, version, weight: 100 }],
    sticky: 'none',
    updatedAt: at,
    updatedBy: actor,
    reason: 'batch scoring',
  }
}
