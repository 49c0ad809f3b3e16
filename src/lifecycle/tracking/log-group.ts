import type { Kysely } from 'kysely'
import { DevmlopsError } from '#contract/errors'
import type { Engine } from '#platform/database/index'
import type { CheckedBatch, CheckedMetric } from './log-batch.ts'
import {
  insertModelPoints,
  insertParams,
  lockRuns,
  loggedModelNumbers,
  setTags,
  storedParams,
  type LockedRun,
  type ModelPoint,
  type RunText,
} from './log-store.ts'
import type { MetricStore, RunPoint } from './metric-store.ts'
import { isLater, toStored } from './metric-value.ts'
import type { TrackingTables } from './tables.ts'

/** Why a batch was refused; nothing where it was written. */
export type Outcome = DevmlopsError | undefined

export interface GroupWriter {
  readonly query: Kysely<TrackingTables>
  readonly engine: Engine
  readonly metricPoints: MetricStore
}

/**
 * Writes many batches in one transaction, so that one wait for the disk serves them all; answers after the commit. Each
 * batch is written whole or not at all: one that does not fit its run is refused and leaves no trace, the others stay. The
 * outcome is as if they had been written one after the other. With `areNew` it may fail with `isDuplicate`; nothing is
 * written then.
 */
export async function writeGroup(
  { query, engine, metricPoints }: GroupWriter,
  batches: readonly CheckedBatch[],
  { areNew = false }: { readonly areNew?: boolean } = {},
): Promise<Outcome[]> {
  const keyIds = await metricPoints.keyIds(batches.flatMap(({ metrics }) => metrics.map(({ key }) => key)))
  return query.transaction().execute(async (transaction) => {
    const ids = [...new Set(batches.map(({ runId }) => runId))]
    const runs = new Map((await lockRuns(transaction, engine, ids)).map((run) => [run.id, run]))
    const params = await paramsOf(batches, { transaction, engine, runs })
    const models = await modelsOf(batches, { transaction, engine })
    const writes = new GroupWrites(keyIds)
    const outcomes = batches.map((batch): Outcome => {
      const run = runs.get(batch.runId)
      const refusal = refusalOf(batch, { run, params, models })
      if (refusal === undefined && run !== undefined) writes.add(batch, { run, params, models })
      return refusal
    })
    await insertParams(transaction, engine, writes.params)
    await metricPoints.insertPoints(transaction, writes.points, { areNew })
    await metricPoints.moveLatest(transaction, writes.latest())
    await insertModelPoints(transaction, engine, writes.modelPoints)
    await setTags(transaction, engine, [...writes.tags.values()])
    return outcomes
  })
}

/** The value of a param by its run and key: what is stored, and what batches of the group before have added. */
type Params = Map<string, string>

function paramPlace(runNumber: number, key: string): string {
  return `${runNumber} ${key}`
}

async function paramsOf(
  batches: readonly CheckedBatch[],
  {
    transaction,
    engine,
    runs,
  }: { transaction: Kysely<TrackingTables>; engine: Engine; runs: ReadonlyMap<string, LockedRun> },
): Promise<Params> {
  const keys = new Set<string>()
  const runNumbers = new Set<number>()
  for (const { runId, params } of batches) {
    const run = runs.get(runId)
    if (params.length === 0 || run === undefined) continue
    runNumbers.add(run.number)
    for (const { key } of params) keys.add(key)
  }
  if (keys.size === 0) return new Map()
  const stored = await storedParams(transaction, engine, { runNumbers: [...runNumbers], keys: [...keys] })
  return new Map(stored.map(({ runNumber, key, value }) => [paramPlace(runNumber, key), value]))
}

async function modelsOf(
  batches: readonly CheckedBatch[],
  { transaction, engine }: { transaction: Kysely<TrackingTables>; engine: Engine },
): Promise<ReadonlyMap<string, number>> {
  const ids = new Set<string>()
  for (const { metrics } of batches) {
    for (const { modelId } of metrics) if (modelId !== undefined) ids.add(modelId)
  }
  return ids.size === 0 ? new Map() : loggedModelNumbers(transaction, engine, [...ids])
}

interface Known {
  readonly params: Params
  readonly models: ReadonlyMap<string, number>
}

/** What a group adds up to: for each table the rows of all its batches. */
class GroupWrites {
  readonly points: RunPoint[] = []
  readonly modelPoints: ModelPoint[] = []
  readonly params: RunText[] = []
  /** By run and key: the last one counts. */
  readonly tags = new Map<string, RunText>()
  readonly #keyIds: ReadonlyMap<string, number>
  readonly #latest = new Map<number, Map<number, RunPoint>>()

  constructor(keyIds: ReadonlyMap<string, number>) {
    this.#keyIds = keyIds
  }

  add(batch: CheckedBatch, { run, params, models }: Known & { readonly run: LockedRun }): void {
    const runNumber = run.number
    for (const metric of batch.metrics) this.#addPoint(runNumber, metric, models)
    for (const { key, value } of batch.params) {
      const place = paramPlace(runNumber, key)
      if (params.has(place)) continue
      params.set(place, value)
      this.params.push({ runNumber, key, value })
    }
    for (const { key, value } of batch.tags) {
      this.tags.set(paramPlace(runNumber, key), { runNumber, key, value })
    }
  }

  latest(): RunPoint[] {
    return [...this.#latest.values()].flatMap((points) => [...points.values()])
  }

  #addPoint(runNumber: number, metric: CheckedMetric, models: ReadonlyMap<string, number>): void {
    const keyId = this.#keyIds.get(metric.key) as number
    const { value, is_nan, timestamp, step } = toStored(metric)
    const point = { runNumber, keyId, timestamp, step, value, is_nan }
    this.points.push(point)
    let latest = this.#latest.get(runNumber)
    if (latest === undefined) this.#latest.set(runNumber, (latest = new Map()))
    const before = latest.get(keyId)
    if (before === undefined || isLater(point, before)) latest.set(keyId, point)
    const modelNumber = metric.modelId === undefined ? undefined : models.get(metric.modelId)
    if (modelNumber === undefined) return
    const { datasetName = '', datasetDigest = '' } = metric
    this.modelPoints.push({ ...point, modelNumber, datasetName, datasetDigest })
  }
}

function refusalOf(
  batch: CheckedBatch,
  { run, params, models }: Known & { readonly run: LockedRun | undefined },
): Outcome {
  const { runId, params: given, metrics } = batch
  if (run === undefined) {
    return new DevmlopsError('not_found', `Run with id=${runId} not found`, { hint: 'See `devmlops runs`.' })
  }
  if (run.lifecycle_stage !== 'active') return notActive(run)
  const changed = given.flatMap(({ key, value }) => {
    const kept = params.get(paramPlace(run.number, key))
    return kept === undefined || kept === value ? [] : [{ key, kept, given: value }]
  })
  if (changed.length > 0) return changedParams(batch, changed)
  const missing = metrics.find(({ modelId }) => modelId !== undefined && !models.has(modelId))
  if (missing?.modelId === undefined) return undefined
  return new DevmlopsError('not_found', `Logged model with ID '${missing.modelId}' not found.`, {
    at: 'model_id',
  })
}

/** Nothing is written to what is deleted. */
export function notActive(run: Pick<LockedRun, 'id' | 'lifecycle_stage'>): DevmlopsError {
  return new DevmlopsError(
    'conflict',
    `The run ${run.id} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`,
    { hint: 'Restore it first.' },
  )
}

interface ChangedParam {
  readonly key: string
  readonly kept: string
  readonly given: string
}

/** In MLflow's words, which differ for a param and for a batch. */
function changedParams({ runId, single }: CheckedBatch, changed: readonly ChangedParam[]): DevmlopsError {
  const [first] = changed
  const detail = {
    at: `params.${first?.key}`,
    hint: 'Log another value under another name, or start a new run.',
  }
  if (first !== undefined && single) {
    return new DevmlopsError(
      'conflict',
      `Changing param values is not allowed. Param with key='${first.key}' was already logged with value='${shortened(first.kept)}' for run ID='${runId}'. Attempted logging new value '${shortened(first.given)}'.`,
      detail,
    )
  }
  const told = changed
    .slice(0, 10)
    .map(
      ({ key, kept, given }) =>
        `{'key': '${key}', 'old_value': '${shortened(kept)}', 'new_value': '${shortened(given)}'}`,
    )
  return new DevmlopsError(
    'conflict',
    `Changing param values is not allowed. Params were already logged='[${told.join(', ')}]' for run ID='${runId}'.`,
    detail,
  )
}

function shortened(value: string): string {
  return value.length > 200 ? `${value.slice(0, 200)}…` : value
}
