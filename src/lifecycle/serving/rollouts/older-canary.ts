import { canaryRelease, type Release } from '../deployment/rollout.ts'
import { championIn, variantsOf } from '../revision.ts'
import type { RevisionRow } from '../store.ts'
import type { Rollout } from './rollout.ts'

/** A canary from before rollouts were rows. */
export function olderCanary(row: RevisionRow, judged: boolean): Rollout | undefined {
  const variants = variantsOf(row)
  const canary = variants.find(({ name }) => name === 'canary')
  const stable = championIn(variants)
  if (row.state !== 'active' || canary === undefined || stable === undefined) return undefined
  const release: Release = canaryRelease(row.model, [{ share: canary.weight }])
  return {
    id: `${row.deployment}/r${row.revision}`,
    deployment: row.deployment,
    strategy: 'canary',
    state: 'running',
    release,
    stable,
    candidates: [canary],
    variants,
    step: 0,
    startedAt: row.time,
    stepStartedAt: row.time,
    stepElapsedMs: 0,
    judged,
    policy: undefined,
    verdict: undefined,
    endedAt: undefined,
    startedBy: row.actor,
    reason: row.reason,
  }
}
