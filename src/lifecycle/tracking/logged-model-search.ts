import { sql, type Kysely, type RawBuilder } from 'kysely'
import { fail } from '#contract/errors'
import type { Engine } from '#platform/database/index'
import {
  fieldName,
  numberComparison,
  parseFilter,
  textComparison,
  toCondition,
  type Comparison,
  type Filter,
} from '#platform/filter/index'
import { placeOf, tokenOf } from './logged-model-page.ts'
import { numberIn } from './run-store.ts'
import type { TrackingTables } from './tables.ts'

export interface DatasetChoice {
  readonly name: string
  readonly digest?: string
}

export interface LoggedModelOrder {
  /** An attribute, such as `creation_time`, or `metrics.` and a name. */
  readonly field: string
  readonly descending?: boolean
  /** Only what was measured on it counts. */
  readonly dataset?: DatasetChoice
}

export interface LoggedModelSearch {
  /** All active experiments when left out. */
  readonly experimentIds?: readonly string[]
  /** Only those that this run made. */
  readonly sourceRunId?: string
  readonly filter?: string
  /** Conditions on metrics are about these; without such conditions, models measured on any of them. */
  readonly datasets?: readonly DatasetChoice[]
  /** Newest first when left out, and where they are equal. */
  readonly order?: readonly LoggedModelOrder[]
  readonly limit: number
  /** Of the page before; its query must be the same. */
  readonly pageToken?: string
}

const most = { models: 10_000, orders: 20, datasets: 100 } as const

/** The numbers of the models of one page, in order. */
export async function searchLoggedModelNumbers(
  query: Kysely<TrackingTables>,
  engine: Engine,
  search: LoggedModelSearch,
): Promise<{ numbers: number[]; nextPageToken?: string }> {
  const { order = [], datasets = [] } = search
  if (order.length > most.orders)
    fail('invalid_input', `More than ${most.orders} fields to order by.`, { at: 'order_by' })
  if (datasets.length > most.datasets)
    fail('invalid_input', `More than ${most.datasets} datasets.`, { at: 'datasets' })
  const limit = Math.min(search.limit, most.models)
  const offset = placeOf(search)
  const filter = parseFilter(search.filter)
  const onDatasets =
    datasets.length === 0 ? undefined : sql<boolean>`(${sql.join(datasets.map(onDataset), sql` or `)})`
  const conditions = [
    sql<boolean>`m.lifecycle_stage = 'active'`,
    inExperiments(search.experimentIds, engine),
    ...(search.sourceRunId === undefined ? [] : [sql<boolean>`m.source_run_id = ${search.sourceRunId}`]),
    ...(filter === undefined
      ? []
      : [toCondition(filter, (comparison) => conditionOf(comparison, engine, onDatasets))]),
    ...(onDatasets === undefined || (filter !== undefined && asksForMetrics(filter))
      ? []
      : [
          sql<boolean>`exists (select 1 from logged_model_metrics p
          where p.model_number = m.number and ${onDatasets})`,
        ]),
  ]
  const { rows } = await sql<{ number: number }>`
    select m.number from logged_models m where ${sql.join(conditions, sql` and `)}
    order by ${sql.join([...order.flatMap(orderOf), sql`m.created_at desc`, sql`m.id`])}
    limit ${limit + 1} offset ${offset}`.execute(query)
  const numbers = rows.slice(0, limit).map(({ number }) => number)
  return rows.length > limit ? { numbers, nextPageToken: tokenOf(search, offset + limit) } : { numbers }
}

function inExperiments(ids: readonly string[] | undefined, engine: Engine): RawBuilder<boolean> {
  return ids === undefined
    ? sql<boolean>`m.experiment_id in (select id from experiments where lifecycle_stage = 'active')`
    : numberIn(engine, 'm.experiment_id', ids.map(experimentNumber))
}

const textAttributes: Readonly<Record<string, string>> = {
  name: 'm.name',
  model_id: 'm.id',
  model_type: 'm.model_type',
  source_run_id: 'm.source_run_id',
  status: 'm.status',
  status_message: 'm.status_message',
  artifact_location: 'm.artifact_uri',
}

const numberAttributes: Readonly<Record<string, string>> = {
  experiment_id: 'm.experiment_id',
  creation_time: 'm.created_at',
  creation_timestamp: 'm.created_at',
  creation_timestamp_ms: 'm.created_at',
  last_updated_timestamp: 'm.updated_at',
  last_updated_timestamp_ms: 'm.updated_at',
}

function conditionOf(
  comparison: Comparison,
  engine: Engine,
  onDatasets: RawBuilder<boolean> | undefined,
): RawBuilder<boolean> {
  const { prefix, key } = comparison
  switch (prefix) {
    case undefined:
    case 'attribute':
    case 'attributes':
      return attributeCondition(comparison, engine)
    case 'metric':
    case 'metrics':
      return metricCondition(comparison, engine, onDatasets)
    case 'param':
    case 'params':
      return textComparison(pairValue('logged_model_params', key), comparison, engine)
    case 'tag':
    case 'tags':
      return textComparison(pairValue('logged_model_tags', key), comparison, engine)
    default:
      return fail(
        'invalid_input',
        `Invalid entity type: '${prefix}'. Expected one of ['attributes', 'metrics', 'params', 'tags'].`,
        { at: 'filter' },
      )
  }
}

function attributeCondition(comparison: Comparison, engine: Engine): RawBuilder<boolean> {
  const { key } = comparison
  const numeric = own(numberAttributes, key)
  if (numeric !== undefined) return numberComparison(sql.raw(numeric), comparison, engine)
  const text = own(textAttributes, key)
  if (text === undefined) return unknownField(fieldName(comparison), 'filter')
  return textComparison(sql.raw(text), key === 'status' ? withStatusName(comparison) : comparison, engine)
}

/** The protocol calls READY `LOGGED_MODEL_READY`. */
function withStatusName(comparison: Comparison): Comparison {
  const { value } = comparison
  const short = (text: string): string => text.replace(/^LOGGED_MODEL_(?:UPLOAD_)?/, '')
  if (value?.kind === 'string') return { ...comparison, value: { ...value, value: short(value.value) } }
  if (value?.kind !== 'list') return comparison
  const items = value.items.map((item) => (typeof item === 'string' ? short(item) : item))
  return { ...comparison, value: { ...value, items } }
}

/** Any of its points will do, as in MLflow; NaN never. */
function metricCondition(
  comparison: Comparison,
  engine: Engine,
  onDatasets: RawBuilder<boolean> | undefined,
): RawBuilder<boolean> {
  const points = sql`select 1 from logged_model_metrics p
    where p.model_number = m.number and p.key_id = ${keyNumber(comparison.key)}
    ${onDatasets === undefined ? sql`` : sql`and ${onDatasets}`}`
  if (comparison.operator === 'IS NULL') return sql<boolean>`not exists (${points})`
  if (comparison.operator === 'IS NOT NULL') return sql<boolean>`exists (${points})`
  return sql<boolean>`exists (${points} and p.is_nan = 0
    and ${numberComparison(sql.raw('p.value'), comparison, engine)})`
}

function asksForMetrics(filter: Filter): boolean {
  if (filter.kind === 'comparison') return filter.prefix === 'metrics' || filter.prefix === 'metric'
  return filter.kind === 'not' ? asksForMetrics(filter.part) : filter.parts.some(asksForMetrics)
}

function pairValue(table: string, key: string): RawBuilder<unknown> {
  return sql`(select value from ${sql.table(table)} where model_number = m.number and key = ${key})`
}

function keyNumber(key: string): RawBuilder<unknown> {
  return sql`(select id from metric_keys where key = ${key})`
}

function onDataset({ name, digest }: DatasetChoice): RawBuilder<boolean> {
  return digest === undefined
    ? sql<boolean>`p.dataset_name = ${name}`
    : sql<boolean>`(p.dataset_name = ${name} and p.dataset_digest = ${digest})`
}

/** Missing values last, whichever way. */
function orderOf({ field, descending = false, dataset }: LoggedModelOrder): RawBuilder<unknown>[] {
  const direction = sql.raw(descending ? 'desc' : 'asc')
  const metric = /^metrics\.(.+)$/s.exec(field)?.[1]
  const name = field.replace(/^attributes?\./, '')
  const column = own(numberAttributes, name) ?? own(textAttributes, name)
  if (metric === undefined && column === undefined) unknownField(field, 'order_by')
  // The latest point by time and step; NaN is like no value.
  const expression =
    metric === undefined
      ? sql.raw(column ?? '')
      : sql`(select case when p.is_nan = 1 then null else p.value end from logged_model_metrics p
          where p.model_number = m.number and p.key_id = ${keyNumber(metric)}
          ${dataset === undefined ? sql`` : sql`and ${onDataset(dataset)}`}
          order by p.timestamp desc, p.step desc, p.run_number limit 1)`
  return [sql`case when ${expression} is null then 1 else 0 end`, sql`${expression} ${direction}`]
}

function unknownField(field: string, at: 'filter' | 'order_by'): never {
  return fail(
    'invalid_input',
    `Invalid ${at === 'filter' ? 'filter' : 'order by'} field name: ${field.slice(0, 200)}`,
    {
      at,
      hint: `A logged model has ${Object.keys({ ...textAttributes, ...numberAttributes }).join(', ')}, metrics.<name>${at === 'filter' ? ', params.<name> and tags.<name>' : ''}.`,
    },
  )
}

function own(values: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(values, key) ? values[key] : undefined
}

function experimentNumber(id: string): number {
  if (/^\d{1,15}$/.test(id)) return Number(id)
  return fail('invalid_input', `"${id.slice(0, 60)}" is not an experiment id; ids are whole numbers.`, {
    at: 'experiment_ids',
  })
}
