import type { Rollout } from '#lifecycle/serving/index'
import type { TrialRow } from './canary-store.ts'
import { cursorBefore } from './read-step.ts'
import type { TrialContext } from './trial-context.ts'

/** One trial for each version that is tried; beside another champion it begins anew. */
export async function openTrials(rollout: Rollout, context: TrialContext): Promise<TrialRow[]> {
  const { deployment, directory, serving, store } = context
  const { candidates, stable } = rollout
  const open: TrialRow[] = []
  for (const { name, model, version } of candidates) {
    const id = trialId(rollout, { name, version })
    const known = await store.canaries.trial(id)
    if (known === undefined) {
      const begin = await cursorBefore(directory, rollout.startedAt)
      await store.canaries.begin({
        id,
        deployment,
        model: stable.model,
        champion_version: stable.version,
        canary_version: version,
        canary_model: model,
        variant: name,
        rollout: rollout.id,
        revision: (await serving.revisions(deployment))[0]?.revision ?? 0,
        started_at: rollout.startedAt,
        segment: begin.segment,
        byte_offset: begin.offset,
        state: 'running',
        ended_at: null,
        reason: null,
      })
    }
    const trial = known ?? (await store.canaries.trial(id))
    if (trial?.state === 'running') open.push(trial)
  }
  return open
}

function trialId(
  { id, stable }: Rollout,
  candidate: { readonly name: string; readonly version: number },
): string {
  return `${id}/${candidate.name}@${candidate.version}-${stable.version}`
}

/** Trials that run no more, because of a verdict or because someone ended them. */
export async function closeOthers(
  running: Rollout | undefined,
  { deployment, store, serving, platform }: TrialContext,
): Promise<void> {
  const current = new Set(running?.candidates.map((candidate) => trialId(running, candidate)))
  const open = (await store.canaries.trials(deployment)).filter(
    ({ id, state }) => state === 'running' && !current.has(id),
  )
  if (open.length === 0) return
  const history = await serving.rollouts.history(deployment)
  const champion = (await serving.revisions(deployment))[0]
  for (const trial of open) {
    const rollout = history.find(({ id }) => id === trial.rollout)
    const answers = champion?.state === 'active' && champion.variants.find(({ name }) => name === 'champion')
    const promoted = answers !== false && answers?.version === trial.canary_version
    // Neither won nor taken back: replaced, beside another champion, or over like a shadow's time.
    const ended =
      rollout === undefined ? trial.rollout === null : ['ended', 'running'].includes(rollout.state)
    await store.canaries.end(trial.id, {
      state: promoted ? 'promoted' : ended ? 'ended' : 'rolled_back',
      ended_at: rollout?.endedAt ?? platform.clock.now(),
      reason: rollout?.verdict?.reason ?? champion?.reason ?? 'the champion changed',
    })
  }
}
