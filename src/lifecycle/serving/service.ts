import type { Caller } from '#contract/endpoint'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { DeclaredDeployment, DeploymentView, PlannedDeployment, Revision } from './contract.ts'
import { environmentVariable } from '#platform/config'
import { createComposedModels } from './composed-models/composed-models.ts'
import { createDeclaredEndpoints } from './declared-endpoints.ts'
import {
  createDeployedVersions,
  splitReference,
  type DeployableModels,
  type DeployableVersion,
} from './deployed-versions.ts'
import { createDeploymentChanges } from './deployment-changes.ts'
import { createDeploymentPreview } from './deployment-preview.ts'
import { deploymentView } from './deployment-view.ts'
import { createFeatureLookups } from './feature-lookups.ts'
import { followedReferences } from './deployment/composition.ts'
import { deploymentPlan } from './deployment/deployment-plan.ts'
import { loadingPlan } from './deployment/model.ts'
import { canaryRelease, releaseOf } from './deployment/rollout.ts'
import type { ServingPlanInput } from './plan.ts'
import { createPromotion } from './promotion.ts'
import { createReleases } from './releases.ts'
import { championIn, settingsIn, variantsOf } from './revision.ts'
import { createRollback } from './rollback.ts'
import { createRollouts } from './rollouts/rollouts.ts'
import type { ServingHost } from './serving-host-point.ts'
import type { WidePlan } from './serving-section.ts'
import { createServingStore, type RevisionRow } from './store.ts'

export type { DeployableModels, DeployableVersion } from './deployed-versions.ts'

const followTries = 10
const followPauseMs = 30_000

export interface ServingDependencies {
  readonly platform: Platform
  readonly models: DeployableModels
  readonly settings: () => Promise<Readonly<Record<string, DeclaredDeployment>>>
  readonly host: ServingHost
  /** The version of a feature view as it is defined now; undefined when it was never used. */
  readonly versionOfView?: (view: string) => Promise<number | undefined>
  /** Variables that headers for other servers are read from; of this process when left out. */
  readonly variable?: (name: string) => string | undefined
  /** What the plan says besides the deployments; the defaults when it is left out. */
  readonly wide?: () => Promise<Partial<WidePlan> & Pick<WidePlan, 'wideDigest'>>
  /** Whether something downstream judges the rollouts of a deployment; then a step ends only with a verdict. */
  readonly isJudged?: (deployment: string) => Promise<boolean>
  /** Milliseconds of a clock that never jumps; the process's own when left out. */
  readonly monotonicMs?: () => number
}

export type ServingService = ReturnType<typeof createServingService>

export function createServingService(dependencies: ServingDependencies) {
  const { platform, host, wide = async () => ({ wideDigest: '' }) } = dependencies
  const { isJudged = async () => false, monotonicMs = () => performance.now() } = dependencies
  const { database, log, clock, config } = platform
  const lookups = createFeatureLookups({
    home: config.home,
    versionOfView: dependencies.versionOfView ?? (async () => undefined),
  })
  const settings = async () => lookups.pinned(await dependencies.settings())
  const { variable = environmentVariable } = dependencies
  const models = createComposedModels({ database, clock, settings, variable, models: dependencies.models })
  const store = createServingStore(database)
  const versions = createDeployedVersions(models)
  const endpoints = createDeclaredEndpoints(settings)

  const plan = async (rows: readonly RevisionRow[], revision: number): Promise<ServingPlanInput> => {
    const active = rows.filter(({ state }) => state === 'active')
    const deployments = active.map(async (row) =>
      deploymentPlan(row.deployment, settingsIn(row), {
        variants: await Promise.all(
          variantsOf(row).map(async ({ name, model, version, weight, role, share }) => {
            const found = await models.version(model, version)
            const { features, ...loading } = settingsIn(row)
            return {
              ...found,
              ...loadingPlan(loading),
              features: lookups.of(features, found.signature),
              name,
              weight,
              ...(role === undefined ? {} : { role }),
              ...(share === undefined ? {} : { share }),
            }
          }),
        ),
      }),
    )
    return { revision, ...(await wide()), deployments: await Promise.all(deployments) }
  }

  const changes = createDeploymentChanges({ platform, store, host, plan, wide })
  const rollouts = createRollouts({
    platform,
    store,
    changes,
    isJudged,
    monotonicMs,
    promoteAlias: async (deployment, { model, version }, { reason, caller }) => {
      if ((await endpoints.all())[deployment]?.promoteFrom !== undefined) return
      const { alias } = splitReference((await currentOf(deployment)).model)
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

  const releases = createReleases({ store, changes, rollouts, endpoints, versions })
  const given = { store, changes, rollouts, endpoints, releases, models, host, log }
  const rollBack = createRollback(given)
  const promoteBetween = createPromotion(given)
  const preview = createDeploymentPreview(given)

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
    answering: async (model: string): Promise<{ deployment: string; version: number }[]> => {
      const active = (await store.allCurrent()).filter(({ state }) => state === 'active')
      const standing = active.flatMap(({ deployment, ...row }) =>
        variantsOf(row).map(async (variant) =>
          (await models.registered(variant.model, variant.version))
            .filter((registered) => registered.model === model)
            .map(({ version }) => ({ deployment, version })),
        ),
      )
      return (await Promise.all(standing)).flat()
    },

    get: async (name: string): Promise<DeploymentView> => view(await currentOf(name)),

    /** The version that has most of the traffic, with what it takes. */
    mainVersion: async (name: string): Promise<DeployableVersion> => {
      const [main] = variantsOf(await currentOf(name)).toSorted((left, right) => right.weight - left.weight)
      return main === undefined
        ? fail('not_found', `"${name}" has no version.`)
        : models.version(main.model, main.version)
    },

    revisions: async (name: string): Promise<Revision[]> =>
      (await store.history(name, 200)).map((row) => ({
        deployment: row.deployment,
        revision: row.revision,
        state: row.state,
        variants: variantsOf(row),
        time: row.time,
        actor: row.actor,
        reason: row.reason,
        ...(row.restored === null ? {} : { restored: row.restored }),
        ...(row.rollout === null ? {} : { rollout: row.rollout }),
        answered: row.live_at > 0,
      })),

    /** The champion's version takes all traffic, or all but what a running rollout has. */
    deploy: (name: string, caller: Caller, reason = 'deployed'): Promise<DeploymentView> =>
      changes.inTurn(async () => view(await releases.deploy(name, { reason, caller }))),

    /** What `deploy` would change, of the endpoints named or of all. */
    preview: async (names?: readonly string[]): Promise<PlannedDeployment[]> => {
      for (const name of names ?? []) if ((await store.current(name)) === undefined) await endpoints.of(name)
      return preview(names)
    },

    /**
     * Brings all endpoints to what devmlops.yaml says. One that cannot be brought there is told and does not hold up the
     * others. What is deployed and no longer declared is stopped with `prune` only.
     */
    deployAll: async (
      { prune = false, reason }: { prune?: boolean; reason?: string | undefined },
      caller: Caller,
    ): Promise<PlannedDeployment[]> => {
      const planned = await preview()
      const done: PlannedDeployment[] = []
      for (const one of planned) {
        try {
          if (one.action === 'add' || one.action === 'change') await service.deploy(one.name, caller, reason)
          else if (one.action === 'remove' && prune)
            await service.stop(one.name, caller, reason ?? 'no longer in devmlops.yaml')
          done.push(one)
        } catch (error) {
          done.push({ ...one, action: 'blocked', problem: messageOf(error) })
        }
      }
      return done
    },

    /** Tries a version as `release` of the deployment says, or `canary`, its short form. */
    startRelease: (
      name: string,
      request: { version?: number; reason?: string },
      caller: Caller,
    ): Promise<DeploymentView> =>
      changes.inTurn(async () => {
        const { settings: declared } = await endpoints.of(name)
        const release =
          releaseOf(declared) ??
          fail('invalid_input', `"${name}" has no \`release\` in devmlops.yaml.`, {
            hint: `Add one, or give a share: \`devmlops deploy ${name} --canary --version N --share 10\`.`,
          })
        return view(await releases.start(name, release, { ...request, caller }))
      }),

    /** A canary with one step, until it is judged; with all its steps when no share is given and the release has some. */
    startCanary: (
      name: string,
      request: { version?: number; share?: number; reason?: string },
      caller: Caller,
    ): Promise<DeploymentView> =>
      changes.inTurn(async () => {
        const { settings: declared } = await endpoints.of(name)
        const configured = releaseOf(declared)
        const isCanary = configured?.strategy === 'canary'
        const share =
          request.share ??
          (isCanary ? configured.steps[0]?.share : undefined) ??
          fail('invalid_input', `How much traffic? "${name}" has no \`canary.share\`.`)
        const model = configured?.candidates[0]?.model ?? declared.model
        const written = isCanary && request.share === undefined ? configured : undefined
        const release = written ?? {
          ...canaryRelease(model, [{ share }]),
          preview: configured?.preview ?? false,
          analysis: configured?.analysis,
        }
        return view(await releases.start(name, release, { ...request, caller }))
      }),

    /** Back to the last revision that was good, or to the one given; see `createRollback`. */
    rollback: (
      name: string,
      request: { to?: number; reason?: string },
      caller: Caller,
    ): Promise<DeploymentView & { aliasProblem?: string }> =>
      changes.inTurn(async () => {
        const { row, aliasProblem } = await rollBack(name, request, caller)
        return { ...(await view(row)), ...(aliasProblem === undefined ? {} : { aliasProblem }) }
      }),

    /** Takes what runs in one environment into the next; see `createPromotion`. */
    promote: (
      name: string,
      request: { to: string; reason?: string; force?: boolean },
      caller: Caller,
    ): Promise<DeploymentView> =>
      changes.inTurn(async () => view(await promoteBetween(name, request, caller))),

    /** The endpoint of an environment; the deployment's own without one. */
    endpointName: (name: string, environment: string | undefined): Promise<string> =>
      environment === undefined ? Promise.resolve(name) : endpoints.inEnvironment(name, environment),

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
            ...(running === undefined ? {} : { rollout: rollouts.ended(running, 'ended') }),
          }),
        )
      }),

    /** A new process in the place of the one that runs: after an update of the program, or of what it reads at its start. */
    restart: (): Promise<{ servingUrl?: string }> =>
      changes.inTurn(async () => {
        if (host.replace === undefined) fail('conflict', 'The serving process here cannot be replaced.')
        await host.replace()
        const url = host.url()
        return url === undefined ? {} : { servingUrl: url }
      }),

    /** An alias moved: whoever answers with it follows, and who is to be tried is tried. */
    followAlias: async (
      moved: { model: string; alias: string; reason: string },
      caller: Caller,
      triesLeft = followTries,
    ): Promise<void> => {
      for (const [name, endpoint] of Object.entries(await endpoints.all())) {
        const row = await store.current(name)
        if (row?.state !== 'active' || endpoint.promoteFrom !== undefined) continue
        const reference = `${moved.model}@${moved.alias}`
        try {
          if (followedReferences(endpoint.settings).includes(reference)) {
            // Whoever promotes or goes back moves the alias as well, and has done the rest already.
            const champion = await releases.championOf(name)
            if (championIn(variantsOf(row))?.version === champion.version) continue
            await service.deploy(name, caller, moved.reason)
          } else if (
            releaseOf(endpoint.settings)?.candidates.some(({ model }) => model === reference) === true
          ) {
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
