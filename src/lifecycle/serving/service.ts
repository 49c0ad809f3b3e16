import type { Caller } from '#contract/endpoint'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { DeploymentSettings, DeploymentView, Revision } from './contract.ts'
import { createDeployedVersions, splitReference, type DeployableModels } from './deployed-versions.ts'
import { createDeploymentChanges } from './deployment-changes.ts'
import { deploymentView } from './deployment-view.ts'
import { deploymentPlan } from './deployment/deployment-plan.ts'
import { canaryRelease, releaseOf, type Release } from './deployment/rollout.ts'
import type { ServingPlanInput } from './plan.ts'
import { championIn, isSameState, settingsIn, stateIn, variantsOf } from './revision.ts'
import { variantsAt, type RolloutVersion } from './rollouts/rollout.ts'
import { createRollouts } from './rollouts/rollouts.ts'
import type { ServingHost } from './serving-host-point.ts'
import { createServingStore, type RevisionRow } from './store.ts'

export type { DeployableModels, DeployableVersion } from './deployed-versions.ts'

const followTries = 10
const followPauseMs = 30_000

export interface ServingDependencies {
  readonly platform: Platform
  readonly models: DeployableModels
  readonly settings: () => Promise<Readonly<Record<string, DeploymentSettings>>>
  readonly host: ServingHost
  /** Whether something downstream judges the rollouts of a deployment; then a step ends only with a verdict. */
  readonly isJudged?: (deployment: string) => Promise<boolean>
  /** Milliseconds of a clock that never jumps; the process's own when left out. */
  readonly monotonicMs?: () => number
}

export type ServingService = ReturnType<typeof createServingService>

export function createServingService(dependencies: ServingDependencies) {
  const { platform, models, settings, host } = dependencies
  const { isJudged = async () => false, monotonicMs = () => performance.now() } = dependencies
  const { database, log } = platform
  const store = createServingStore(database)
  const { championOf, candidateOf } = createDeployedVersions(models)

  const settingsOf = async (name: string): Promise<DeploymentSettings> => {
    const all = await settings()
    return (
      all[name] ??
      fail('not_found', `devmlops.yaml has no deployment "${name}".`, {
        hint: `Known: ${Object.keys(all).join(', ') || 'none'}. Add it under \`deployments\`.`,
      })
    )
  }

  const plan = async (rows: readonly RevisionRow[], revision: number): Promise<ServingPlanInput> => {
    const active = rows.filter(({ state }) => state === 'active')
    const deployments = active.map(async (row) =>
      deploymentPlan(row.deployment, settingsIn(row), {
        variants: await Promise.all(
          variantsOf(row).map(async ({ name, model, version, weight, role, share }) => ({
            ...(await models.version(model, version)),
            name,
            weight,
            ...(role === undefined ? {} : { role }),
            ...(share === undefined ? {} : { share }),
          })),
        ),
      }),
    )
    return { revision, deployments: await Promise.all(deployments) }
  }

  const changes = createDeploymentChanges({ platform, store, host, plan })
  const rollouts = createRollouts({
    platform,
    store,
    changes,
    isJudged,
    monotonicMs,
    promoteAlias: async (deployment, { model, version }, { reason, caller }) => {
      const row = await currentOf(deployment)
      const { alias } = splitReference(row.model)
      await models.promote({ model, alias, version, reason }, caller)
    },
  })

  const currentOf = async (name: string): Promise<RevisionRow> =>
    (await store.current(name)) ??
    fail('not_found', `"${name}" is not deployed.`, { hint: `Deploy it: \`devmlops deploy ${name}\`.` })

  const view = async (row: RevisionRow): Promise<DeploymentView> =>
    deploymentView(row, {
      status: await host.status(),
      url: host.url(),
      rollout: await rollouts.runningOf(row.deployment),
    })

  const deployNow = async (name: string, caller: Caller, reason: string): Promise<RevisionRow> => {
    const current = await settingsOf(name)
    const champion = await championOf(name, current)
    const before = await store.current(name)
    const running = before?.state === 'active' ? await rollouts.runningOf(name) : undefined
    const given = { deployment: name, settings: current, reason, caller }
    const alone = [{ ...champion, weight: 100 }]
    if (running === undefined) return changes.apply({ ...given, variants: alone })
    const isSameChampion =
      running.stable.model === champion.model && running.stable.version === champion.version
    const next = isSameChampion ? running : rollouts.withChampion(running, champion)
    const variants = next.state === 'running' ? variantsAt(next) : alone
    if (
      before !== undefined &&
      isSameState(stateIn(before), { state: 'active', settings: current, variants })
    ) {
      return changes.apply({ ...given, variants })
    }
    return changes.apply({ ...given, variants, rollout: { next, before: running, kind: next.state } })
  }

  /** Starts a rollout as the release says; candidates that nobody has the alias of, or that answer already, are refused. */
  const startRelease = async (
    name: string,
    release: Release,
    request: {
      readonly version?: number | undefined
      readonly reason?: string | undefined
      readonly caller: Caller
    },
  ): Promise<RevisionRow> => {
    const current = await settingsOf(name)
    const stable = await championOf(name, current)
    const candidates: RolloutVersion[] = []
    for (const candidate of release.candidates) {
      const found = await candidateOf(candidate, request.version)
      if (found === undefined) {
        const { model, alias } = splitReference(candidate.model)
        return fail('not_found', `No version of "${model}" has the alias "${alias}".`)
      }
      if (found.model === stable.model && found.version === stable.version) {
        fail('conflict', `Version ${found.version} is the champion of "${name}" already.`)
      }
      candidates.push(found)
    }
    const tried = candidates.map(({ version }) => `version ${version}`).join(' and ')
    return rollouts.start(
      { deployment: name, release, stable, candidates, settings: current },
      { reason: request.reason ?? startInWords(release, tried), caller: request.caller },
    )
  }

  const service = {
    rollouts,

    reconcile: () => changes.inTurn(changes.reconcile),

    /** Every few seconds: what is written is what answers, and rollouts go on. */
    heartbeat: async (): Promise<void> => {
      await changes.inTurn(changes.reconcile)
      await rollouts.tick()
    },

    list: async (): Promise<{ items: DeploymentView[]; servingUrl?: string }> => {
      const status = await host.status()
      const url = host.url()
      const running = new Map((await rollouts.running()).map((rollout) => [rollout.deployment, rollout]))
      const items = (await store.allCurrent()).map((row) =>
        deploymentView(row, { status, url, rollout: running.get(row.deployment) }),
      )
      return url === undefined ? { items } : { items, servingUrl: url }
    },

    /** The versions of a model that active deployments answer with, by the name that it had when they were deployed. */
    answering: async (model: string): Promise<{ deployment: string; version: number }[]> =>
      (await store.allCurrent())
        .filter(({ state }) => state === 'active')
        .flatMap((row) => variantsOf(row).map((variant) => ({ deployment: row.deployment, ...variant })))
        .filter((variant) => variant.model === model)
        .map(({ deployment, version }) => ({ deployment, version })),

    get: async (name: string): Promise<DeploymentView> => view(await currentOf(name)),

    revisions: async (name: string): Promise<Revision[]> =>
      (await store.history(name, 200)).map((row) => ({
        deployment: row.deployment,
        revision: row.revision,
        state: row.state,
        variants: variantsOf(row),
        time: row.time,
        actor: row.actor,
        reason: row.reason,
      })),

    /** The champion's version takes all traffic, or all but what a running rollout has. */
    deploy: (name: string, caller: Caller, reason = 'deployed'): Promise<DeploymentView> =>
      changes.inTurn(async () => view(await deployNow(name, caller, reason))),

    /** Tries a version as `release` of the deployment says, or `canary`, its short form. */
    startRelease: (
      name: string,
      request: { version?: number; reason?: string },
      caller: Caller,
    ): Promise<DeploymentView> =>
      changes.inTurn(async () => {
        const release =
          releaseOf(await settingsOf(name)) ??
          fail('invalid_input', `"${name}" has no \`release\` in devmlops.yaml.`, {
            hint: `Add one, or give a share: \`devmlops deploy ${name} --canary --version N --share 10\`.`,
          })
        return view(await startRelease(name, release, { ...request, caller }))
      }),

    /** A canary with one step, until it is judged. */
    startCanary: (
      name: string,
      request: { version?: number; share?: number; reason?: string },
      caller: Caller,
    ): Promise<DeploymentView> =>
      changes.inTurn(async () => {
        const current = await settingsOf(name)
        const configured = releaseOf(current)
        const isCanary = configured?.strategy === 'canary'
        const share =
          request.share ??
          (isCanary ? configured.steps[0]?.share : undefined) ??
          fail('invalid_input', `How much traffic? "${name}" has no \`canary.share\`.`)
        const model = configured?.candidates[0]?.model ?? current.model
        const written = isCanary && request.share === undefined ? configured : undefined
        const release = written ?? {
          ...canaryRelease(model, [{ share }]),
          preview: configured?.preview ?? false,
          analysis: configured?.analysis,
        }
        return view(await startRelease(name, release, { ...request, caller }))
      }),

    endCanary: async (
      name: string,
      { verdict, reason }: { verdict: 'promote' | 'roll_back'; reason: string },
      caller: Caller,
    ): Promise<DeploymentView> => {
      if ((await rollouts.runningOf(name)) === undefined) {
        await currentOf(name)
        fail('conflict', `"${name}" has no canary.`)
      }
      await rollouts.decide(name, { verdict, reason }, caller)
      return view(await currentOf(name))
    },

    stop: (name: string, caller: Caller, reason = 'stopped'): Promise<DeploymentView> =>
      changes.inTurn(async () => {
        const row = await currentOf(name)
        const running = await rollouts.runningOf(name)
        const champion = championIn(variantsOf(row))
        return view(
          await changes.apply({
            deployment: name,
            settings: settingsIn(row),
            variants:
              running === undefined || champion === undefined
                ? variantsOf(row)
                : [{ ...champion, weight: 100 }],
            state: 'stopped',
            reason,
            caller,
            ...(running === undefined
              ? {}
              : {
                  rollout: {
                    next: { ...running, state: 'ended', endedAt: platform.clock.now() },
                    before: running,
                    kind: 'ended',
                  },
                }),
          }),
        )
      }),

    /** An alias moved: whoever answers with it follows, and who is to be tried is tried. */
    followAlias: async (
      moved: { model: string; alias: string; reason: string },
      caller: Caller,
      triesLeft = followTries,
    ): Promise<void> => {
      for (const [name, current] of Object.entries(await settings())) {
        const row = await store.current(name)
        if (row?.state !== 'active') continue
        const reference = `${moved.model}@${moved.alias}`
        try {
          if (current.model === reference) {
            // Whoever promotes or goes back moves the alias as well, and has done the rest already.
            const champion = await championOf(name, current)
            if (championIn(variantsOf(row))?.version === champion.version) continue
            await service.deploy(name, caller, moved.reason)
          } else if (releaseOf(current)?.candidates.some(({ model }) => model === reference) === true) {
            await service.startRelease(name, {}, caller)
          }
        } catch (error) {
          log.warn({ deployment: name, error: messageOf(error) }, 'a deployment did not follow an alias')
          // Such as a Python environment that is still being built. What follows then is where the alias is by then.
          if (error instanceof DevmlopsError && error.code === 'not_ready' && triesLeft > 0) {
            setTimeout(() => void service.followAlias(moved, caller, triesLeft - 1), followPauseMs).unref()
          }
        }
      }
    },
  }
  return service
}

function startInWords({ strategy, steps }: Release, tried: string): string {
  const share = steps[0]?.share ?? 0
  if (strategy === 'canary') return `${tried} is tried on ${share} % of the traffic`
  if (strategy === 'shadow') return `${tried} scores a copy of ${share} % of the traffic`
  if (strategy === 'blue_green') return `${tried} stands ready beside the champion`
  return `${tried} in an A/B test`
}
