import type { DeploymentView } from './contract.ts'
import type { ServingStatus } from './plan.ts'
import { stickyText } from './deployment/traffic.ts'
import { settingsIn, variantsOf } from './revision.ts'
import type { Rollout } from './rollouts/rollout.ts'
import { rolloutView } from './rollouts/rollout-view.ts'
import type { RevisionRow } from './store.ts'

export interface Seen {
  readonly status: ServingStatus | undefined
  readonly url: string | undefined
  readonly rollout: Rollout | undefined
}

/** A deployment as people see it: what is written, and what the serving process says. */
export function deploymentView(row: RevisionRow, { status, url, rollout }: Seen): DeploymentView {
  const live = status?.deployments.find(({ name }) => name === row.deployment)
  return {
    name: row.deployment,
    state: row.state,
    revision: row.revision,
    model: row.model,
    variants: variantsOf(row),
    sticky: stickyText(settingsIn(row).sticky),
    updatedAt: row.time,
    updatedBy: row.actor,
    reason: row.reason,
    ...(rollout === undefined ? {} : { rollout: rolloutView(rollout) }),
    ...(live === undefined || url === undefined
      ? {}
      : {
          live: {
            url,
            ready: live.ready,
            ...(live.reason === undefined ? {} : { reason: live.reason }),
            ...(status?.revision === undefined ? {} : { revision: status.revision }),
            variants: live.variants.map(({ model: _model, weight: _weight, ...figures }) => figures),
            figures: live.figures,
            logged: live.log.written,
            lost: live.log.lost,
            log: live.log,
          },
        }),
  }
}
