import { sql, type Kysely, type RawBuilder } from 'kysely'
import { fail } from '#contract/errors'
import type { Engine } from '#platform/database/index'
import {
  fieldName,
  numberComparison,
  parseFilter,
  parseOrder,
  textComparison,
  toCondition,
  type Comparison,
  type Filter,
} from '#platform/filter/index'
import type { ModelVersion } from './contract.ts'
import { isPromptModel, promptTag, withModelDetails } from './registered-model-store.ts'
import type { RegistryTables } from './tables.ts'
import { versionRows, withVersionDetails } from './version-details.ts'

type Query = Kysely<RegistryTables>

export interface RegistrySearch {
  readonly filter?: string | undefined
  readonly orderBy?: readonly string[] | undefined
}

export interface Window {
  readonly limit: number
  readonly offset: number
}

/** A column that can be compared and sorted by. */
interface Attribute {
  readonly column: RawBuilder<unknown>
  readonly kind: 'text' | 'number'
}

/** One of the two nouns, as SQL. */
interface Searched {
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly orders: Readonly<Record<string, RawBuilder<unknown>>>
  /** Sorted by at last, so that pages never overlap. */
  readonly tieBreak: readonly { readonly key: string; readonly descending: boolean }[]
  readonly hasTag: (
    key: string,
    value: (column: RawBuilder<unknown>) => RawBuilder<boolean>,
  ) => RawBuilder<boolean>
  readonly isPrompt: RawBuilder<boolean>
}

const modelColumn = (name: string) => sql.ref(`registered_models.${name}`)
const versionColumn = (name: string) => sql.ref(`model_versions.${name}`)

const models: Searched = {
  attributes: own({
    name: { column: modelColumn('name'), kind: 'text' },
    creation_timestamp: { column: modelColumn('created_at'), kind: 'number' },
    last_updated_timestamp: { column: modelColumn('updated_at'), kind: 'number' },
  }),
  orders: own({
    name: modelColumn('name'),
    timestamp: modelColumn('updated_at'),
    last_updated_timestamp: modelColumn('updated_at'),
    creation_timestamp: modelColumn('created_at'),
  }),
  tieBreak: [{ key: 'name', descending: false }],
  hasTag: (key, value) => sql`exists (select 1 from registered_model_tags as searched_tags
    where searched_tags.model_number = registered_models.number and searched_tags.key = ${key}
      and ${value(sql.ref('searched_tags.value'))})`,
  isPrompt: isPromptModel(modelColumn('number')),
}

const versions: Searched = {
  attributes: own({
    name: { column: modelColumn('name'), kind: 'text' },
    version_number: { column: versionColumn('version'), kind: 'number' },
    run_id: { column: versionColumn('run_id'), kind: 'text' },
    source_path: { column: versionColumn('source'), kind: 'text' },
    model_id: { column: versionColumn('model_id'), kind: 'text' },
    current_stage: { column: versionColumn('stage'), kind: 'text' },
    user_id: { column: versionColumn('created_by'), kind: 'text' },
    creation_timestamp: { column: versionColumn('created_at'), kind: 'number' },
    last_updated_timestamp: { column: versionColumn('updated_at'), kind: 'number' },
  }),
  orders: own({
    name: modelColumn('name'),
    version_number: versionColumn('version'),
    creation_timestamp: versionColumn('created_at'),
    last_updated_timestamp: versionColumn('updated_at'),
  }),
  tieBreak: [
    { key: 'name', descending: false },
    { key: 'version_number', descending: true },
  ],
  hasTag: (key, value) => sql`exists (select 1 from model_version_tags as searched_tags
    where searched_tags.model_number = model_versions.model_number
      and searched_tags.version = model_versions.version and searched_tags.key = ${key}
      and ${value(sql.ref('searched_tags.value'))})`,
  // A prompt's versions have the tag themselves; one version with it makes the name a prompt's.
  isPrompt: sql`(${isPromptModel(versionColumn('model_number'))} or exists (select 1 from model_version_tags as prompt_tags
    where prompt_tags.model_number = model_versions.model_number and prompt_tags.key = ${promptTag}
      and lower(prompt_tags.value) = 'true'))`,
}

/** All SQL that finds models and versions by what MLflow's filters say. */
export function createSearchStore(query: Query, engine: Engine) {
  return {
    searchModelRows: async (search: RegistrySearch, { limit, offset }: Window) => {
      let select = query
        .selectFrom('registered_models')
        .selectAll()
        .where('deleted_at', 'is', null)
        .where(conditionOf(search.filter, models, engine))
        .limit(limit)
        .offset(offset)
      for (const order of ordersOf(search.orderBy, models)) select = select.orderBy(order)
      const rows = await select.execute()
      return {
        numbers: new Map(rows.map(({ name, number }) => [name, number])),
        items: await withModelDetails(query, rows),
      }
    },

    searchVersionRows: async (search: RegistrySearch, { limit, offset }: Window): Promise<ModelVersion[]> => {
      let select = versionRows(query)
        .where(conditionOf(search.filter, versions, engine))
        .limit(limit)
        .offset(offset)
      const newestFirst = ['last_updated_timestamp DESC']
      const orderBy =
        search.orderBy === undefined || search.orderBy.length === 0 ? newestFirst : search.orderBy
      for (const order of ordersOf(orderBy, versions)) select = select.orderBy(order)
      return withVersionDetails(query, await select.execute())
    },
  }
}

function conditionOf(text: string | undefined, searched: Searched, engine: Engine): RawBuilder<boolean> {
  const filter = parseFilter(text)
  const found =
    filter === undefined
      ? sql<boolean>`1 = 1`
      : toCondition(filter, (comparison) => compare(comparison, searched, engine))
  return filter !== undefined && asksForPrompts(filter) ? found : sql`(${found} and not ${searched.isPrompt})`
}

function compare(comparison: Comparison, searched: Searched, engine: Engine): RawBuilder<boolean> {
  const { prefix, key, operator } = comparison
  if (prefix === 'tag' || prefix === 'tags') {
    const prompts = promptsAsked(comparison)
    if (prompts !== undefined) return prompts ? searched.isPrompt : sql`(not ${searched.isPrompt})`
    if (operator === 'IS NULL') return sql`(not ${searched.hasTag(key, () => sql`1 = 1`)})`
    return searched.hasTag(key, (value) => textComparison(value, comparison, engine))
  }
  if (prefix !== undefined && prefix !== 'attribute' && prefix !== 'attributes') {
    return fail(
      'invalid_input',
      `Invalid entity type '${prefix}'. Valid entity types are attribute, tag, tags`,
      {
        at: 'filter',
      },
    )
  }
  const attribute = searched.attributes[key]
  if (attribute === undefined) {
    return fail(
      'invalid_input',
      `Invalid attribute key '${fieldName({ key })}' specified. Valid keys are ${Object.keys(searched.attributes).join(', ')}`,
      { at: 'filter' },
    )
  }
  return attribute.kind === 'text'
    ? textComparison(attribute.column, comparison, engine)
    : numberComparison(attribute.column, withNumber(comparison), engine)
}

/** MLflow takes quoted numbers here. */
function withNumber(comparison: Comparison): Comparison {
  const { value } = comparison
  if (value?.kind !== 'string' || !/^[+-]?\d{1,15}$/.test(value.value.trim())) return comparison
  return { ...comparison, value: { kind: 'number', value: Number(value.value) } }
}

/** Models have no such tag, so `!= 'true'` must find them although it is not there. */
function promptsAsked({ key, operator, value }: Comparison): boolean | undefined {
  if (key !== promptTag || value?.kind !== 'string') return undefined
  const named = value.value.toLowerCase()
  if (named !== 'true' && named !== 'false') return undefined
  if (operator === '=') return named === 'true'
  return operator === '!=' ? named === 'false' : undefined
}

/** Prompts are hidden unless the filter asks for them. */
function asksForPrompts(filter: Filter): boolean {
  if (filter.kind === 'comparison') return promptsAsked(filter) === true
  if (filter.kind === 'not') return asksForPrompts(filter.part)
  return filter.parts.some(asksForPrompts)
}

function ordersOf(orderBy: readonly string[] = [], { orders, tieBreak }: Searched): RawBuilder<unknown>[] {
  const seen = new Set<RawBuilder<unknown>>()
  const clauses: RawBuilder<unknown>[] = []
  const add = (column: RawBuilder<unknown>, descending: boolean): void => {
    seen.add(column)
    clauses.push(sql`${column} ${sql.raw(descending ? 'desc' : 'asc')}`)
  }
  if (orderBy.length > 20)
    fail('invalid_input', `\`order_by\` has ${orderBy.length} fields.`, { at: 'orderBy' })
  const columns = new Set<string>()
  for (const text of orderBy) {
    const order = parseOrder(text)
    const named =
      order.prefix === undefined || /^attributes?$/.test(order.prefix) ? order.key : fieldName(order)
    const column = orders[named]
    if (column === undefined) {
      return fail(
        'invalid_input',
        `Invalid order by key '${fieldName(order)}' specified. Valid keys are ${Object.keys(orders).join(', ')}`,
        { at: 'orderBy' },
      )
    }
    if (columns.has(order.key)) fail('invalid_input', `\`order_by\` contains duplicate fields: ${order.key}`)
    columns.add(order.key)
    add(column, order.descending)
  }
  for (const { key, descending } of tieBreak) {
    const column = orders[key]
    if (column !== undefined && !seen.has(column)) add(column, descending)
  }
  return clauses
}

/** A key that someone sends must not find `constructor`. */
function own<Value>(values: Record<string, Value>): Readonly<Record<string, Value>> {
  return Object.assign(Object.create(null) as Record<string, Value>, values)
}
