import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { DeclaredEndpoints } from './declared-endpoints.ts'
import { versionDigest, type DeployableModels } from './deployed-versions.ts'
import type { DeploymentChanges } from './deployment-changes.ts'
import { releaseOf } from './deployment/rollout.ts'
import type { Releases } from './releases.ts'
import { championIn, variantsOf } from './revision.ts'
import type { RolloutVersion } from './rollouts/rollout.ts'
import type { RolloutsService } from './rollouts/rollouts.ts'
import type { RevisionRow, ServingStore } from './store.ts'

export interface PromotionDependencies {
  readonly store: ServingStore
  readonly changes: DeploymentChanges
  readonly rollouts: RolloutsService
  readonly endpoints: DeclaredEndpoints
  readonly releases: Releases
  readonly models: DeployableModels
}

export interface PromotionRequest {
  /** The environment to promote to. */
  readonly to: string
  readonly reason?: string | undefined
  /** Although the rollout before was not finished, or judged badly. */
  readonly force?: boolean | undefined
}

/** Takes into an environment exactly the version, by digest, that runs in the one before it. In the caller's turn. */
export function createPromotion(dependencies: PromotionDependencies) {
  const { store, changes, rollouts, endpoints, releases, models } = dependencies

  const runningIn = async (endpoint: string): Promise<RolloutVersion> => {
    const row = await store.current(endpoint)
    const champion = row?.state === 'active' ? championIn(variantsOf(row)) : undefined
    if (row === undefined || champion === undefined) {
      return fail('conflict', `Nothing runs in "${endpoint}", so there is nothing to promote.`, {
        hint: `Deploy it first: \`devmlops deploy ${endpoint}\`.`,
      })
    }
    if (row.live_at === 0) {
      fail('conflict', `"${endpoint}" has not answered with version ${champion.version} yet.`, {
        hint: 'Start the server, and see `devmlops deployments`.',
      })
    }
    return champion
  }

  const refuseUndecided = async (endpoint: string): Promise<void> => {
    const running = await rollouts.runningOf(endpoint)
    if (running !== undefined) {
      const { version } = running.candidates[0] as RolloutVersion
      fail('conflict', `The rollout of version ${version} in "${endpoint}" is not finished.`, {
        hint: `Decide it (\`devmlops deploy ${endpoint} --promote\` or --end), or overrule with --force and --reason.`,
      })
    }
    const [last] = await rollouts.history(endpoint, 1)
    const verdict = last?.verdict
    if (last === undefined || verdict === undefined || last.state === 'rolled_back') return
    if (verdict.verdict !== 'hold' && verdict.verdict !== 'roll_back') return
    fail('conflict', `The last verdict in "${endpoint}" was ${verdict.verdict}: ${verdict.reason}`, {
      hint: 'Overrule it with --force and --reason.',
    })
  }

  /** The bytes in the registry are those that ran. */
  const checkDigest = async ({ model, version, digest }: RolloutVersion): Promise<void> => {
    const now = versionDigest(await models.version(model, version))
    if (digest === undefined || now === digest) return
    fail('storage_corrupt', `Version ${version} of "${model}" is not what ran: it has ${now}, not ${digest}.`)
  }

  return async (deployment: string, request: PromotionRequest, caller: Caller): Promise<RevisionRow> => {
    const name = await endpoints.inEnvironment(deployment, request.to)
    const { promoteFrom, settings } = await endpoints.of(name)
    if (promoteFrom === undefined) {
      return fail('conflict', `"${request.to}" of "${deployment}" takes its version from an alias.`, {
        hint: 'Give it `promote_from: ENVIRONMENT` in devmlops.yaml.',
      })
    }
    if (request.force === true && request.reason === undefined)
      fail('invalid_input', 'Overruling needs a reason.', { at: 'reason', hint: 'Add --reason "…".' })
    const version = await runningIn(promoteFrom)
    if (request.force !== true) await refuseUndecided(promoteFrom)
    await checkDigest(version)
    const reason = `promoted from ${promoteFrom}: ${request.reason ?? `version ${version.version} runs there`}`
    const row = await store.current(name)
    const champion = row?.state === 'active' ? championIn(variantsOf(row)) : undefined
    const isThere = champion?.model === version.model && champion.version === version.version
    const release = releaseOf(settings)
    if (champion === undefined || isThere || release === undefined || release.strategy === 'ab') {
      const running = await rollouts.runningOf(name)
      return changes.apply({
        deployment: name,
        settings,
        variants: [{ ...version, name: 'champion', weight: 100 }],
        reason,
        caller,
        ...(running === undefined ? {} : { rollout: rollouts.ended(running, 'ended') }),
      })
    }
    const candidates = release.candidates.map((candidate) => ({ ...version, name: candidate.name }))
    return releases.start(name, release, { candidates, reason, caller })
  }
}
