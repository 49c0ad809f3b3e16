import { sql, type Kysely } from 'kysely'
import { bulkInsert, type Engine } from '#platform/database/index'
import { reservedTags, type LifecycleStage } from './contract.ts'
import { pointColumns, type RunPoint } from './metric-store.ts'
import type { TrackingTables } from './tables.ts'

export interface LockedRun {
  readonly number: number
  readonly id: string
  readonly experiment_id: number
  readonly lifecycle_stage: LifecycleStage
}

/** A param or a tag of a run. */
export interface RunText {
  readonly runNumber: number
  readonly key: string
  readonly value: string
}

type Transaction = Kysely<TrackingTables>

/**
 * The runs with these ids, locked until the transaction ends where others may write at the same time. Whoever changes a
 * run and what belongs to it takes this lock first, and several in the order of their numbers: so nobody waits in a circle.
 */
export async function lockRuns(
  transaction: Transaction,
  engine: Engine,
  ids: readonly string[],
): Promise<LockedRun[]> {
  const condition =
    engine === 'postgres'
      ? sql`id = any(${ids}::text[]) order by number for no key update`
      : sql`id in (select value from json_each(${JSON.stringify(ids)}))`
  const { rows } = await sql<LockedRun>`
    select number, id, experiment_id, lifecycle_stage from runs where ${condition}`.execute(transaction)
  return rows
}

/** What is stored under these names, for any of these runs. */
export async function storedParams(
  transaction: Transaction,
  engine: Engine,
  { runNumbers, keys }: { runNumbers: readonly number[]; keys: readonly string[] },
): Promise<RunText[]> {
  const condition =
    engine === 'postgres'
      ? sql`run_number = any(${runNumbers}::int[]) and key = any(${keys}::text[])`
      : sql`run_number in (select value from json_each(${JSON.stringify(runNumbers)}))
          and key in (select value from json_each(${JSON.stringify(keys)}))`
  const { rows } = await sql<RunText>`
    select run_number as "runNumber", key, value from run_params where ${condition}`.execute(transaction)
  return rows
}

/** Adds params that are not there. */
export async function insertParams(
  transaction: Transaction,
  engine: Engine,
  params: readonly RunText[],
): Promise<void> {
  await bulkInsert(transaction, engine, {
    table: 'run_params',
    columns: textColumns(params),
    onConflict: 'do nothing',
  })
}

/** Sets tags, each of a run once; the one with the run's name renames it. */
export async function setTags(
  transaction: Transaction,
  engine: Engine,
  tags: readonly RunText[],
): Promise<void> {
  for (const { runNumber, key, value } of tags) {
    if (key !== reservedTags.runName) continue
    await transaction.updateTable('runs').set({ name: value }).where('number', '=', runNumber).execute()
  }
  await bulkInsert(transaction, engine, {
    table: 'run_tags',
    columns: textColumns(tags),
    onConflict: '(run_number, key) do update set value = excluded.value',
  })
}

/** A point that is kept against a logged model beside its run. Empty texts: measured on no dataset in particular. */
export interface ModelPoint extends RunPoint {
  readonly modelNumber: number
  readonly datasetName: string
  readonly datasetDigest: string
}

/** The numbers of the logged models that there are of these ids. */
export async function loggedModelNumbers(
  transaction: Transaction,
  engine: Engine,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const condition =
    engine === 'postgres'
      ? sql`id = any(${ids}::text[])`
      : sql`id in (select value from json_each(${JSON.stringify(ids)}))`
  const { rows } = await sql<{ id: string; number: number }>`
    select id, number from logged_models where lifecycle_stage = 'active' and ${condition}`.execute(
    transaction,
  )
  return new Map(rows.map(({ id, number }) => [id, number]))
}

/** Adds the points to their models; those that are there stay as they are. */
export async function insertModelPoints(
  transaction: Transaction,
  engine: Engine,
  points: readonly ModelPoint[],
): Promise<void> {
  await bulkInsert(transaction, engine, {
    table: 'logged_model_metrics',
    columns: [
      { name: 'model_number', type: 'int', values: points.map(({ modelNumber }) => modelNumber) },
      { name: 'dataset_name', type: 'text', values: points.map(({ datasetName }) => datasetName) },
      { name: 'dataset_digest', type: 'text', values: points.map(({ datasetDigest }) => datasetDigest) },
      ...pointColumns(points),
    ],
    onConflict: 'do nothing',
  })
}

function textColumns(texts: readonly RunText[]) {
  return [
    { name: 'run_number', type: 'int', values: texts.map(({ runNumber }) => runNumber) },
    { name: 'key', type: 'text', values: texts.map(({ key }) => key) },
    { name: 'value', type: 'text', values: texts.map(({ value }) => value) },
  ]
}
