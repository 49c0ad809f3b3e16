import { messageOf } from '#contract/errors'
import type { DeployedVariant, DeploymentSettings, PlannedDeployment } from './contract.ts'
import type { DeclaredEndpoints } from './declared-endpoints.ts'
import type { Releases } from './releases.ts'
import { settingsIn, variantsOf } from './revision.ts'
import { variantsAt } from './rollouts/rollout.ts'
import type { RolloutsService } from './rollouts/rollouts.ts'
import type { ServingHost } from './serving-host-point.ts'
import type { RevisionRow, ServingStore } from './store.ts'

export interface PreviewDependencies {
  readonly store: ServingStore
  readonly rollouts: RolloutsService
  readonly endpoints: DeclaredEndpoints
  readonly releases: Releases
  readonly host: ServingHost
}

/** What `devmlops deploy` would change: devmlops.yaml and the aliases, beside what is written and what runs. */
export function createDeploymentPreview({ store, rollouts, endpoints, releases, host }: PreviewDependencies) {
  const variantsNext = async (name: string): Promise<readonly DeployedVariant[]> => {
    const champion = await releases.championOf(name)
    const alone = [{ ...champion, name: 'champion', weight: 100 }]
    const row = await store.current(name)
    const running = row?.state === 'active' ? await rollouts.runningOf(name) : undefined
    if (running === undefined) return alone
    const isSame = running.stable.model === champion.model && running.stable.version === champion.version
    const next = isSame ? running : rollouts.withChampion(running, champion)
    return next.state === 'running' ? variantsAt(next) : alone
  }

  const declared = async (
    name: string,
    settings: DeploymentSettings,
    row: RevisionRow | undefined,
  ): Promise<PlannedDeployment> => {
    const isNew = row === undefined || row.state === 'stopped'
    try {
      const variants = await variantsNext(name)
      const changes = [
        ...variantChanges(isNew ? [] : variantsOf(row), variants),
        ...settingChanges(isNew ? undefined : settingsIn(row), settings),
      ]
      return { name, action: isNew ? 'add' : changes.length === 0 ? 'none' : 'change', changes }
    } catch (error) {
      return { name, action: 'blocked', changes: [], problem: messageOf(error) }
    }
  }

  /** `names`: all that is declared or runs when left out. */
  return async (names?: readonly string[]): Promise<PlannedDeployment[]> => {
    const all = await endpoints.all()
    const rows = await store.allCurrent()
    const status = await host.status()
    const newest = Math.max(0, ...rows.map(({ revision }) => revision))
    const wanted = (name: string): boolean => names === undefined || names.includes(name)
    const planned: PlannedDeployment[] = []
    for (const [name, { settings, environment, promoteFrom }] of Object.entries(all)) {
      if (!wanted(name)) continue
      const row = rows.find(({ deployment }) => deployment === name)
      const plan = await declared(name, settings, row)
      const waits = promoteFrom !== undefined && plan.action === 'blocked' && row === undefined
      const lags = row?.state === 'active' && status !== undefined && status.revision !== newest
      planned.push({
        ...plan,
        // What waits for a promotion is as it should be.
        ...(waits ? { action: 'none' as const } : {}),
        ...(environment === undefined ? {} : { environment }),
        ...(lags
          ? { drift: `the serving process has revision ${status.revision ?? 'none'}, not ${newest}` }
          : {}),
      })
    }
    for (const row of rows) {
      if (row.state !== 'active' || row.deployment in all || !wanted(row.deployment)) continue
      planned.push({ name: row.deployment, action: 'remove', changes: variantChanges(variantsOf(row), []) })
    }
    return planned
  }
}

type Changes = PlannedDeployment['changes']

function variantChanges(before: readonly DeployedVariant[], after: readonly DeployedVariant[]): Changes {
  const names = [...new Set([...before, ...after].map(({ name }) => name))]
  return names.flatMap((name) => {
    const from = before.find((variant) => variant.name === name)
    const to = after.find((variant) => variant.name === name)
    const isSame =
      from?.model === to?.model &&
      from?.version === to?.version &&
      from?.weight === to?.weight &&
      from?.share === to?.share
    return isSame ? [] : [change(name, from && variantText(from), to && variantText(to))]
  })
}

function change(what: string, from: string | undefined, to: string | undefined): Changes[number] {
  return { what, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
}

function variantText({ model, version, weight, share, digest }: DeployedVariant): string {
  const traffic = share === undefined ? `${weight} %` : `a copy of ${share} %`
  return `${model} v${version} ${traffic}${digest === undefined ? '' : ` ${digest.slice(0, 19)}`}`
}

function settingChanges(before: DeploymentSettings | undefined, after: DeploymentSettings): Changes {
  if (before === undefined) return []
  const known = (settings: DeploymentSettings): Readonly<Record<string, unknown>> =>
    JSON.parse(JSON.stringify(settings)) as Record<string, unknown>
  const [left, right] = [known(before), known(after)]
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])]
  return names.flatMap((name) => {
    const [from, to] = [text(left[name]), text(right[name])]
    return from === to ? [] : [change(name, from, to)]
  })
}

function text(value: unknown): string | undefined {
  return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value)
}
