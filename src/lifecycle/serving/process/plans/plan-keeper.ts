import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Log } from '#platform/log'
import { servingPlanSchema, type DeploymentPlan, type ServingPlan, type ServingStatus } from '../../plan.ts'
import { PredictionLog } from '../../prediction-log/prediction-log.ts'
import { predictionDirectory, shadowDirectory } from '../../prediction-log/segments.ts'
import type { Access } from '../access/access.ts'
import type { FeatureValues } from '../features/feature-values.ts'
import type { ServingMetrics } from '../metrics.ts'
import type { ModelPool } from '../models/model-pool.ts'
import type { TextHash } from '../scoring/record-line.ts'
import { planFile, type PlanFile } from './plan-file.ts'
import { WarmModels } from './warm-models.ts'
import { withDeployment, withoutDeployment } from './repository.ts'
import {
  buildTable,
  emptyTable,
  rebuildTable,
  releaseTable,
  type RoutingTable,
} from '../routing/routing-table.ts'

export interface PlanKeeperOptions {
  readonly stateDirectory: string
  readonly pool: ModelPool
  readonly features: FeatureValues
  readonly metrics: ServingMetrics
  /** For columns of the prediction log with the rule `hash`. */
  readonly hashText?: TextHash | undefined
  /** Told of every plan that is in place. */
  readonly access: Pick<Access, 'use'>
  readonly clock: Clock
  readonly log: Log
  /** A restarted process listens after this long at the latest. */
  readonly restorePatienceMs: number
}

const mendPatienceMs = 20_000
const firstMendPauseMs = 500
const longestMendPauseMs = 60_000

/** Holds the plan in place: takes a new one whole or not at all, and brings the last one back after a restart. */
export class PlanKeeper {
  readonly #options: PlanKeeperOptions
  readonly #file: PlanFile
  readonly #logs = new Map<string, PredictionLog>()
  readonly #shadowLogs = new Map<string, PredictionLog>()
  readonly #warm: WarmModels
  #table: RoutingTable = emptyTable
  #plan: ServingPlan | undefined
  #refused: ServingStatus['refused']
  #mending: NodeJS.Timeout | undefined
  #closed = false
  /** Plans are taken one after the other. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: PlanKeeperOptions) {
    this.#options = options
    this.#file = planFile(options.stateDirectory)
    this.#warm = new WarmModels(options.pool)
  }

  get table(): RoutingTable {
    return this.#table
  }

  /** The plan in place; undefined until one was accepted. */
  get plan(): ServingPlan | undefined {
    return this.#plan
  }

  get refused(): ServingStatus['refused'] {
    return this.#refused
  }

  get logs(): ReadonlyMap<string, PredictionLog> {
    return this.#logs
  }

  /** Brings back the kept plan. What cannot be loaded is left out and named; the rest answers. */
  async restore(): Promise<void> {
    const plan = await this.#file.read().catch((error: unknown) => {
      this.#refuse(undefined, error)
      return undefined
    })
    if (plan === undefined) return
    this.#options.pool.setBudget(plan.memoryBudgetBytes)
    const patienceMs = this.#options.restorePatienceMs
    this.#table = await rebuildTable(this.#builder(), plan, { patienceMs })
    this.#plan = plan
    this.#options.access.use(plan.access)
    this.#reportBroken()
    this.#mendLater(firstMendPauseMs)
  }

  /** Tries again what could not be restored, after ever longer pauses, until it is back or another plan is in place. */
  #mendLater(pauseMs: number): void {
    if (this.#table.broken.size === 0) return
    this.#mending = setTimeout(() => {
      this.#turn = this.#turn.then(async () => {
        const plan = this.#plan
        if (plan === undefined || this.#closed || this.#table.broken.size === 0) return
        const before = this.#table
        const { unloaded } = before
        const table = await rebuildTable(this.#builder(), plan, { patienceMs: mendPatienceMs, unloaded })
        this.#table = table
        releaseTable(before)
        if (table.broken.size < before.broken.size) this.#reportBroken()
        this.#mendLater(Math.min(longestMendPauseMs, pauseMs * 2))
      })
    }, pauseMs)
    this.#mending.unref()
  }

  #reportBroken(): void {
    for (const [deployment, { reason }] of this.#table.broken) {
      this.#options.log.error({ deployment, reason }, 'A deployment could not be restored')
    }
  }

  /**
   * Loads and warms all that is new, keeps the plan on disk, then swaps: requests that have begun end on the models they
   * began with. Fails with the reason, and then the plan before it goes on serving as if nothing had been sent.
   */
  apply(document: unknown): Promise<ServingPlan> {
    const applied = this.#turn.then(() => this.#apply(document))
    this.#turn = applied.catch(() => undefined)
    return applied
  }

  /** Frees the models of a deployment until somebody loads it or a new plan comes. Requests that have begun end first. */
  unload(name: string): Promise<void> {
    return this.#inTurn(async () => {
      const before = this.#table
      this.#table = withoutDeployment(before, name)
      releaseTable(before, (deployment) => deployment === name)
    })
  }

  /** Brings an unloaded or broken deployment of the plan back; fails with `not_ready` when its models do not load. */
  load(name: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#table = await withDeployment(this.#builder(), this.#table, { name, patienceMs: mendPatienceMs })
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => undefined)
    return done
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#mending)
    await this.#turn
    releaseTable(this.#table)
    this.#warm.release()
    this.#table = emptyTable
    await Promise.all([...this.#logs.values(), ...this.#shadowLogs.values()].map((log) => log.close()))
  }

  async #apply(document: unknown): Promise<ServingPlan> {
    let plan: ServingPlan | undefined
    try {
      plan = checkedPlan(document)
      this.#refuseOlder(plan)
      if (this.#changesNoDeployment(plan)) return await this.#takeWide(plan)
      this.#options.pool.setBudget(plan.memoryBudgetBytes)
      const table = await buildTable(this.#builder(), plan)
      await this.#keep(plan, table)
      await this.#keepWarm(plan)
      const before = this.#table
      this.#table = table
      this.#plan = plan
      this.#options.access.use(plan.access)
      this.#refused = undefined
      releaseTable(before)
      this.#options.pool.forgetOthers()
      this.#options.log.info(
        { revision: plan.revision, deployments: table.deployments.size },
        'A serving plan is in place',
      )
      return plan
    } catch (error) {
      this.#options.pool.setBudget(this.#plan?.memoryBudgetBytes)
      this.#refuse(plan?.revision, error)
      throw error
    }
  }

  /** A convenience: what cannot be held is loaded again when somebody goes back to it. */
  async #keepWarm(plan: ServingPlan): Promise<void> {
    await this.#warm
      .keep(this.#plan, plan)
      .catch((error: unknown) =>
        this.#options.log.warn({ error: messageOf(error) }, 'a version is not kept for going back to it'),
      )
  }

  async #keep(plan: ServingPlan, table: RoutingTable): Promise<void> {
    try {
      await this.#file.write(plan)
    } catch (error) {
      releaseTable(table)
      throw error
    }
  }

  /** The deployments are in place as they are: only what holds for all of them is new, such as a key. */
  #changesNoDeployment({ revision, deployments }: ServingPlan): boolean {
    const plan = this.#plan
    if (plan === undefined || plan.revision !== revision || this.#table.broken.size > 0) return false
    return JSON.stringify(plan.deployments) === JSON.stringify(deployments)
  }

  async #takeWide(plan: ServingPlan): Promise<ServingPlan> {
    await this.#file.write(plan)
    this.#plan = plan
    this.#options.pool.setBudget(plan.memoryBudgetBytes)
    this.#options.access.use(plan.access)
    this.#refused = undefined
    return plan
  }

  #refuseOlder(plan: ServingPlan): void {
    const current = this.#plan?.revision
    if (current === undefined || plan.revision > current) return
    // The same plan again is harmless, and brings back what a restart could not load.
    const isSame = JSON.stringify(plan.deployments) === JSON.stringify(this.#plan?.deployments)
    if (plan.revision === current && isSame) return
    fail('conflict', `The plan has revision ${plan.revision}, but revision ${current} is in place.`, {
      hint: 'A new plan needs a higher revision: someone else deployed meanwhile.',
    })
  }

  #refuse(revision: number | undefined, error: unknown): void {
    const hint = error instanceof DevmlopsError && error.hint !== undefined ? ` ${error.hint}` : ''
    const reason = messageOf(error) + hint
    this.#refused = { revision, reason, at: this.#options.clock.now() }
    this.#options.log.error({ revision, reason }, 'A serving plan was refused')
  }

  #builder(): Parameters<typeof buildTable>[0] {
    return {
      pool: this.#options.pool,
      features: this.#options.features,
      metrics: this.#options.metrics,
      openLog: (plan) =>
        this.#openLog(plan, this.#logs, predictionDirectory(this.#options.stateDirectory, plan.name)),
      openShadowLog: (plan) =>
        this.#openLog(plan, this.#shadowLogs, shadowDirectory(this.#options.stateDirectory, plan.name)),
      clock: this.#options.clock,
      log: this.#options.log,
      hashText: this.#options.hashText,
    }
  }

  /**
   * A log outlives the plans that name it: requests on the old plan may still append, and two writers on one folder would
   * both believe that the last segment is theirs.
   */
  async #openLog(
    { name, log: { segmentBytes } }: DeploymentPlan,
    logs: Map<string, PredictionLog>,
    directory: string,
  ): Promise<PredictionLog> {
    const present = logs.get(name)
    if (present !== undefined) return present
    const opened = await PredictionLog.open({ directory, segmentBytes, clock: this.#options.clock })
    logs.set(name, opened)
    return opened
  }
}

function checkedPlan(document: unknown): ServingPlan {
  const parsed = servingPlanSchema.safeParse(document)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const at = issue === undefined ? '' : issue.path.map(String).join('.')
  return fail(
    'invalid_input',
    `The serving plan is wrong at ${at === '' ? 'its top' : at}: ${issue?.message ?? 'unknown'}.`,
    { at },
  )
}
