import type { Caller } from '#contract/endpoint'
import { fail, messageOf } from '#contract/errors'
import type { Log } from '#platform/log'
import type { DeclaredEndpoints } from './declared-endpoints.ts'
import { splitReference, type DeployableModels } from './deployed-versions.ts'
import type { DeploymentChanges } from './deployment-changes.ts'
import { championIn, isSameState, settingsIn, stateIn, variantsOf } from './revision.ts'
import type { RolloutsService } from './rollouts/rollouts.ts'
import type { RevisionRow, ServingStore } from './store.ts'

export interface RollbackDependencies {
  readonly store: ServingStore
  readonly changes: DeploymentChanges
  readonly rollouts: RolloutsService
  readonly endpoints: DeclaredEndpoints
  readonly models: DeployableModels
  readonly log: Log
}

export interface RollbackRequest {
  /** A revision of this deployment; the last good one when left out. */
  readonly to?: number | undefined
  readonly reason?: string | undefined
}

export interface RolledBack {
  readonly row: RevisionRow
  /** Why the alias is not where the deployment is, if it is not. */
  readonly aliasProblem?: string
}

/** How far back `devmlops rollback` looks. */
const searched = 1_000

/**
 * A deployment goes back to the last revision that was good: that answered, and not as a step of a rollout. Variants and
 * settings are restored from the revision itself. Going back again goes further back, never to what was just left.
 */
export function createRollback({ store, changes, rollouts, endpoints, models, log }: RollbackDependencies) {
  const targetOf = async (current: RevisionRow, to: number | undefined): Promise<RevisionRow> => {
    const history = await store.history(current.deployment, searched)
    if (to !== undefined) return named(current, history, to)
    const from = current.restored ?? current.revision
    const found = history.find(
      (row) => row.revision < from && isGood(row) && !isSameState(stateIn(row), stateIn(current)),
    )
    return (
      found ??
      fail('conflict', `There is nothing to go back to: "${current.deployment}" was never anything else.`, {
        hint: `See \`devmlops deployments ${current.deployment} --history\`.`,
      })
    )
  }

  /** The alias follows, so that the next `devmlops deploy` does not bring back what was left. */
  const moveAlias = async (row: RevisionRow, reason: string, caller: Caller): Promise<string | undefined> => {
    const champion = championIn(variantsOf(row))
    const declared = (await endpoints.all())[row.deployment]
    if (champion === undefined || declared === undefined || declared.promoteFrom !== undefined)
      return undefined
    const { model, alias } = splitReference(row.model)
    if (model !== champion.model) return undefined
    try {
      if ((await models.versionOfAlias(model, alias))?.version === champion.version) return undefined
      // It answered before: what its gates say now is no reason to stay with what is worse.
      await models.promote({ model, alias, version: champion.version, reason, isBack: true }, caller)
      return undefined
    } catch (error) {
      log.error(
        { deployment: row.deployment, error: messageOf(error) },
        'the alias did not follow a rollback',
      )
      return `${model}@${alias} is not version ${champion.version}: ${messageOf(error)}`
    }
  }

  /** In the caller's turn. */
  return async (name: string, request: RollbackRequest, caller: Caller): Promise<RolledBack> => {
    const current =
      (await store.current(name)) ??
      fail('not_found', `"${name}" is not deployed.`, { hint: 'See `devmlops deployments`.' })
    const running = await rollouts.runningOf(name)
    const target = await targetOf(current, request.to)
    const reason = request.reason ?? `back to revision ${target.revision}`
    const row = await changes.apply({
      deployment: name,
      settings: settingsIn(target),
      variants: variantsOf(target),
      state: target.state,
      reason,
      caller,
      restored: target.revision,
      ...(running === undefined ? {} : { rollout: rollouts.ended(running, 'rolled_back') }),
    })
    // After the swap: whoever waits for it waits for nothing else.
    const aliasProblem = await moveAlias(row, reason, caller)
    return aliasProblem === undefined ? { row } : { row, aliasProblem }
  }
}

/** A revision that was a step of a rollout was on its way to something. */
function isGood({ state, live_at, rollout }: RevisionRow): boolean {
  return state === 'active' && live_at > 0 && rollout === null
}

function named({ deployment }: RevisionRow, history: readonly RevisionRow[], to: number): RevisionRow {
  const found =
    history.find(({ revision }) => revision === to) ??
    fail('not_found', `"${deployment}" has no revision ${to}.`, {
      hint: `See \`devmlops deployments ${deployment} --history\`.`,
    })
  if (isGood(found)) return found
  const why =
    found.state === 'stopped'
      ? 'it was stopped then'
      : found.rollout !== null
        ? 'a rollout was under way then'
        : 'it never answered'
  return fail('conflict', `"${deployment}" cannot go back to revision ${to}: ${why}.`)
}
