import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { DeclaredEndpoints } from './declared-endpoints.ts'
import { splitReference, type DeployedVersions } from './deployed-versions.ts'
import type { DeploymentChanges } from './deployment-changes.ts'
import type { Release } from './deployment/rollout.ts'
import { championIn, isSameState, stateIn, variantsOf } from './revision.ts'
import { variantsAt, type RolloutVersion } from './rollouts/rollout.ts'
import type { RolloutsService } from './rollouts/rollouts.ts'
import type { RevisionRow, ServingStore } from './store.ts'

export interface ReleasesDependencies {
  readonly store: ServingStore
  readonly changes: DeploymentChanges
  readonly rollouts: RolloutsService
  readonly endpoints: DeclaredEndpoints
  readonly versions: DeployedVersions
}

export interface ReleaseRequest {
  readonly version?: number | undefined
  readonly reason?: string | undefined
  readonly caller: Caller
}

export type Releases = ReturnType<typeof createReleases>

/** How a version comes to answer: at once, or by a rollout. All of it in the caller's turn. */
export function createReleases({ store, changes, rollouts, endpoints, versions }: ReleasesDependencies) {
  /** What answers what no candidate does: whoever has the alias, or what was promoted into the environment. */
  const championOf = async (name: string): Promise<RolloutVersion> => {
    const { settings, promoteFrom, environment } = await endpoints.of(name)
    if (promoteFrom === undefined) return versions.championOf(name, settings)
    const row = await store.current(name)
    const champion = row === undefined ? undefined : championIn(variantsOf(row))
    return (
      champion ??
      fail('conflict', `Nothing was promoted to ${environment ?? name} of "${name}" yet.`, {
        hint: `It takes what runs in "${promoteFrom}": \`devmlops promote ${name} --to ${environment ?? ''}\`.`,
      })
    )
  }

  /** The champion takes all traffic, or all but what a running rollout has. */
  const deploy = async (name: string, request: { reason: string; caller: Caller }): Promise<RevisionRow> => {
    const { settings } = await endpoints.of(name)
    const champion = await championOf(name)
    const before = await store.current(name)
    const running = before?.state === 'active' ? await rollouts.runningOf(name) : undefined
    const given = { deployment: name, settings, ...request }
    const alone = [{ ...champion, name: 'champion', weight: 100 }]
    if (running === undefined) return changes.apply({ ...given, variants: alone })
    const isSame = running.stable.model === champion.model && running.stable.version === champion.version
    const next = isSame ? running : rollouts.withChampion(running, champion)
    const variants = next.state === 'running' ? variantsAt(next) : alone
    if (before !== undefined && isSameState(stateIn(before), { state: 'active', settings, variants })) {
      return changes.apply({ ...given, variants })
    }
    const kind = next.state === 'running' ? 'champion' : next.state
    return changes.apply({ ...given, variants, rollout: { next, before: running, kind } })
  }

  const candidatesOf = async (release: Release, version: number | undefined): Promise<RolloutVersion[]> =>
    Promise.all(
      release.candidates.map(async (candidate) => {
        const found = await versions.candidateOf(candidate, version)
        if (found !== undefined) return found
        const { model, alias } = splitReference(candidate.model)
        return fail('not_found', `No version of "${model}" has the alias "${alias}".`)
      }),
    )

  /** Starts a rollout as the release says; what answers already is refused. */
  const start = async (
    name: string,
    release: Release,
    request: ReleaseRequest & { readonly candidates?: readonly RolloutVersion[] },
  ): Promise<RevisionRow> => {
    const { settings } = await endpoints.of(name)
    const stable = await championOf(name)
    const candidates = request.candidates ?? (await candidatesOf(release, request.version))
    for (const { model, version } of candidates) {
      if (model === stable.model && version === stable.version) {
        fail('conflict', `Version ${version} is the champion of "${name}" already.`)
      }
    }
    const tried = candidates.map(({ version }) => `version ${version}`).join(' and ')
    return rollouts.start(
      { deployment: name, release, stable, candidates, settings },
      { reason: request.reason ?? startInWords(release, tried), caller: request.caller },
    )
  }

  return { championOf, deploy, start }
}

function startInWords({ strategy, steps }: Release, tried: string): string {
  const share = steps[0]?.share ?? 0
  if (strategy === 'canary') return `${tried} is tried on ${share} % of the traffic`
  if (strategy === 'shadow') return `${tried} scores a copy of ${share} % of the traffic`
  if (strategy === 'blue_green') return `${tried} stands ready beside the champion`
  return `${tried} in an A/B test`
}
