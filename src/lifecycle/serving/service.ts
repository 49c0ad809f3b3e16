import { isDeepStrictEqual } from 'node:util'
import type { Caller } from '#contract/endpoint'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { deploymentSchema, type DeploymentSettings, type DeploymentView, type Revision } from './contract.ts'
import { deploymentPlan } from './deployment/deployment-plan.ts'
import type { ServingPlanInput, ServingStatus, VariantPlan } from './plan.ts'
import type { ServingHost } from './serving-host-point.ts'
import { createServingStore, type RevisionRow } from './store.ts'

type Variant = DeploymentView['variants'][number]

const followTries = 10
const followPauseMs = 30_000

/** What serving needs of a model version. */
export type DeployableVersion = Pick<
  VariantPlan,
  'model' | 'version' | 'files' | 'signature' | 'runId' | 'format'
>

/** The registry, as far as serving needs it. */
export interface DeployableModels {
  versionOfAlias(model: string, alias: string): Promise<DeployableVersion | undefined>
  version(model: string, version: number): Promise<DeployableVersion>
  promote(
    request: { model: string; alias: string; version: number; reason: string },
    caller: Caller,
  ): Promise<unknown>
}

export interface ServingDependencies {
  readonly platform: Platform
  readonly models: DeployableModels
  readonly settings: () => Promise<Readonly<Record<string, DeploymentSettings>>>
  readonly host: ServingHost
}

interface Change {
  readonly variants: readonly Variant[]
  readonly state?: 'active' | 'stopped'
  readonly reason: string
  readonly caller: Caller
}

export type ServingService = ReturnType<typeof createServingService>

export function createServingService({ platform, models, settings, host }: ServingDependencies) {
  const { database, events, clock, log } = platform
  const store = createServingStore(database)

  const settingsOf = async (name: string): Promise<DeploymentSettings> => {
    const all = await settings()
    return (
      all[name] ??
      fail('not_found', `devmlops.yaml has no deployment "${name}".`, {
        hint: `Known: ${Object.keys(all).join(', ') || 'none'}. Add it under \`deployments\`.`,
      })
    )
  }

  const championOf = async (name: string, { model: reference }: DeploymentSettings): Promise<Variant> => {
    const [model = '', alias = ''] = reference.split('@')
    const version =
      (await models.versionOfAlias(model, alias)) ??
      fail(
        'not_found',
        `No version of the model "${model}" has the alias "${alias}", which "${name}" answers with.`,
        {
          hint: 'Train and register one with `devmlops run`, or set the alias with `devmlops models promote`.',
        },
      )
    return { name: 'champion', model, version: version.version, weight: 100 }
  }

  const plan = async (rows: readonly RevisionRow[], revision: number): Promise<ServingPlanInput> => {
    const active = rows.filter(({ state }) => state === 'active')
    const deployments = active.map(async (row) =>
      deploymentPlan(row.deployment, settingsIn(row), {
        variants: await Promise.all(
          variantsOf(row).map(async ({ name, model, version, weight }) => ({
            ...(await models.version(model, version)),
            name,
            weight,
          })),
        ),
      }),
    )
    return { revision, deployments: await Promise.all(deployments) }
  }

  /** Brings the serving process to what the store says. */
  const reconcile = async (): Promise<void> => {
    const rows = await store.allCurrent()
    if (rows.length === 0) return
    await host.start()
    const revision = Math.max(...rows.map((row) => row.revision))
    if ((await host.status())?.revision === revision) return
    await host.apply(await plan(rows, revision))
  }

  // Changes run one after the other, so that each sees what the one before left.
  let tail: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = tail.then(work, work)
    tail = next
    return next
  }

  const change = async (
    name: string,
    { variants, state = 'active', reason, caller }: Change,
  ): Promise<DeploymentView> => {
    const current = await settingsOf(name)
    const before = await store.current(name)
    const row = {
      deployment: name,
      state,
      model: current.model,
      settings: JSON.stringify(current),
      variants: JSON.stringify(variants),
      reason,
    }
    if (before !== undefined && isSameState(before, row)) {
      await reconcile()
      return view(before, await host.status())
    }
    // Written first, then done: after a crash in between, the next start brings the process to what is written.
    const written = await store.append({ ...row, time: clock.now(), actor: caller.name })
    try {
      await reconcile()
    } catch (error) {
      const restored = before ?? { ...written, state: 'stopped' as const }
      const { revision: _, ...undo } = restored
      await store.append({
        ...undo,
        time: clock.now(),
        actor: caller.name,
        reason: `back, because: ${messageOf(error)}`,
      })
      await reconcile().catch((again: unknown) =>
        log.error({ error: messageOf(again) }, 'serving could not go back'),
      )
      throw error
    }
    await events.emit({
      type: 'deployment.changed',
      subject: `deployment/${name}`,
      actor: caller.name,
      payload: { revision: written.revision, state, variants, reason },
    })
    return view(written, await host.status())
  }

  const currentOf = async (name: string): Promise<RevisionRow> =>
    (await store.current(name)) ??
    fail('not_found', `"${name}" is not deployed.`, { hint: `Deploy it: \`devmlops deploy ${name}\`.` })

  const view = (row: RevisionRow, status: ServingStatus | undefined): DeploymentView => {
    const live = status?.deployments.find(({ name }) => name === row.deployment)
    const url = host.url()
    return {
      name: row.deployment,
      state: row.state,
      revision: row.revision,
      model: row.model,
      variants: variantsOf(row),
      sticky: settingsIn(row).sticky,
      updatedAt: row.time,
      updatedBy: row.actor,
      reason: row.reason,
      ...(live === undefined || url === undefined
        ? {}
        : {
            live: {
              url,
              ready: live.ready,
              ...(live.reason === undefined ? {} : { reason: live.reason }),
              ...(status?.revision === undefined ? {} : { revision: status.revision }),
              variants: live.variants.map(({ name, version, requests, errors }) => ({
                name,
                version,
                requests,
                errors,
              })),
              logged: live.log.written,
              lost: live.log.lost,
            },
          }),
    }
  }

  const service = {
    reconcile: () => inTurn(reconcile),

    list: async (): Promise<{ items: DeploymentView[]; servingUrl?: string }> => {
      const status = await host.status()
      const url = host.url()
      const items = (await store.allCurrent()).map((row) => view(row, status))
      return url === undefined ? { items } : { items, servingUrl: url }
    },

    /** The versions of a model that active deployments answer with, by the name that it had when they were deployed. */
    answering: async (model: string): Promise<{ deployment: string; version: number }[]> =>
      (await store.allCurrent())
        .filter(({ state }) => state === 'active')
        .flatMap((row) => variantsOf(row).map((variant) => ({ deployment: row.deployment, ...variant })))
        .filter((variant) => variant.model === model)
        .map(({ deployment, version }) => ({ deployment, version })),

    get: async (name: string): Promise<DeploymentView> => view(await currentOf(name), await host.status()),

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

    /** The champion's version takes all traffic, or all but what a running canary has. */
    deploy: (name: string, caller: Caller, reason = 'deployed'): Promise<DeploymentView> =>
      inTurn(async () => {
        const champion = await championOf(name, await settingsOf(name))
        const before = await store.current(name)
        const canary =
          before?.state === 'active'
            ? variantsOf(before).find((variant) => variant.name === 'canary')
            : undefined
        const variants =
          canary === undefined || canary.version === champion.version
            ? [champion]
            : [{ ...champion, weight: 100 - canary.weight }, canary]
        return change(name, { variants, reason, caller })
      }),

    startCanary: (
      name: string,
      request: { version?: number; share?: number; reason?: string },
      caller: Caller,
    ): Promise<DeploymentView> =>
      inTurn(async () => {
        const { canary: configured, ...deployment } = await settingsOf(name)
        const champion = await championOf(name, deployment)
        const share =
          request.share ??
          configured?.share ??
          fail('invalid_input', `How much traffic? "${name}" has no \`canary.share\`.`)
        const [model = '', alias = ''] = (configured?.model ?? deployment.model).split('@')
        const candidate =
          request.version === undefined
            ? await models.versionOfAlias(model, alias)
            : await models.version(model, request.version)
        if (candidate === undefined) fail('not_found', `No version of "${model}" has the alias "${alias}".`)
        if (candidate.version === champion.version) {
          fail('conflict', `Version ${candidate.version} is the champion of "${name}" already.`)
        }
        const canary: Variant = { name: 'canary', model, version: candidate.version, weight: share }
        const reason = request.reason ?? `version ${candidate.version} is tried on ${share} % of the traffic`
        return change(name, { variants: [{ ...champion, weight: 100 - share }, canary], reason, caller })
      }),

    endCanary: (
      name: string,
      { verdict, reason }: { verdict: 'promote' | 'roll_back'; reason: string },
      caller: Caller,
    ): Promise<DeploymentView> =>
      inTurn(async () => {
        const row = await currentOf(name)
        const canary = variantsOf(row).find((variant) => variant.name === 'canary')
        if (canary === undefined) return fail('conflict', `"${name}" has no canary.`)
        if (verdict === 'promote') {
          const [model = '', alias = ''] = row.model.split('@')
          await models.promote({ model, alias, version: canary.version, reason }, caller)
          return change(name, { variants: [{ ...canary, name: 'champion', weight: 100 }], reason, caller })
        }
        return change(name, { variants: [await championOf(name, await settingsOf(name))], reason, caller })
      }),

    stop: (name: string, caller: Caller, reason = 'stopped'): Promise<DeploymentView> =>
      inTurn(async () =>
        change(name, { variants: variantsOf(await currentOf(name)), state: 'stopped', reason, caller }),
      ),

    /** An alias moved: whoever answers with it follows, and a new challenger gets its share. */
    followAlias: async (
      moved: { model: string; alias: string; reason: string },
      caller: Caller,
      triesLeft = followTries,
    ): Promise<void> => {
      for (const [name, { model, canary }] of Object.entries(await settings())) {
        if ((await store.current(name))?.state !== 'active') continue
        const reference = `${moved.model}@${moved.alias}`
        try {
          if (model === reference) await service.deploy(name, caller, moved.reason)
          else if (canary?.model === reference) await service.startCanary(name, {}, caller)
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

export function variantsOf(row: Pick<RevisionRow, 'variants'>): Variant[] {
  return JSON.parse(row.variants) as Variant[]
}

/** What devmlops.yaml said of the deployment when the revision was made; defaults that came later are filled in. */
function settingsIn(row: Pick<RevisionRow, 'settings'>): DeploymentSettings {
  return deploymentSchema.parse(JSON.parse(row.settings))
}

function isSameState(
  before: RevisionRow,
  next: Pick<RevisionRow, 'state' | 'model' | 'settings' | 'variants'>,
): boolean {
  const pick = ({ state, model, settings, variants }: typeof next) => ({
    state,
    model,
    settings: settingsIn({ settings }),
    variants: variantsOf({ variants }),
  })
  return isDeepStrictEqual(pick(before), pick(next))
}
