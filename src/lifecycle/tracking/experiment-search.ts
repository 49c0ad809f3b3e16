import { sql, type Kysely, type RawBuilder, type Selectable } from 'kysely'
import { fail } from '#contract/errors'
import type { Engine } from '#platform/database/index'
import {
  numberComparison,
  parseFilter,
  parseOrder,
  refuseOperator,
  textComparison,
  toCondition,
  type Comparison,
  type FilterValue,
} from '#platform/filter/index'
import { nearestName } from '#platform/nearest-name'
import type { LifecycleView } from './contract.ts'
import type { TrackingTables } from './tables.ts'

export interface ExperimentSearch {
  readonly view: LifecycleView
  /** As in `name LIKE 'flights%' AND tags.team = 'ops'`. */
  readonly filter?: string | undefined
  /** Such as `last_update_time desc`; newest first when left out. */
  readonly orderBy?: readonly string[] | undefined
  readonly limit: number
  readonly offset: number
}

const columns = {
  name: 'name',
  experiment_id: 'id',
  creation_time: 'created_at',
  last_update_time: 'updated_at',
} as const
type ExperimentAttribute = keyof typeof columns
const attributes = Object.keys(columns) as ExperimentAttribute[]
const attributePrefixes = new Set(['attribute', 'attributes', 'attr'])
const tagPrefixes = new Set(['tag', 'tags'])
/** As many as sorting by each attribute both ways takes, and then some. */
const mostKeys = 16

/** Reads the filter and the order; fails with `invalid_input` before anything is asked. */
function experimentQuery(
  { filter, orderBy = [], view }: Omit<ExperimentSearch, 'limit' | 'offset'>,
  engine: Engine,
): { readonly conditions: readonly RawBuilder<unknown>[]; readonly order: RawBuilder<unknown> } {
  const parsed = parseFilter(filter)
  return {
    conditions: [
      sql`true`,
      ...(view === 'all' ? [] : [sql`e.lifecycle_stage = ${view}`]),
      ...(parsed === undefined ? [] : [toCondition(parsed, compareExperiment(engine))]),
    ],
    order: orderOfExperiments(orderBy, engine),
  }
}

export async function searchExperiments(
  query: Kysely<TrackingTables>,
  engine: Engine,
  search: ExperimentSearch,
): Promise<Selectable<TrackingTables['experiments']>[]> {
  const { conditions, order } = experimentQuery(search, engine)
  const { rows } = await sql<Selectable<TrackingTables['experiments']>>`
    select e.* from experiments e where ${sql.join(conditions, sql` and `)}
    order by ${order} limit ${search.limit} offset ${search.offset}`.execute(query)
  return rows
}

function compareExperiment(engine: Engine): (comparison: Comparison) => RawBuilder<boolean> {
  return (comparison) => {
    const { prefix = 'attribute', key, operator } = comparison
    if (tagPrefixes.has(prefix)) {
      const rows = sql`experiment_tags t where t.experiment_id = e.id and t.key = ${key}`
      if (operator === 'IS NULL') return sql<boolean>`not exists (select 1 from ${rows})`
      return sql<boolean>`exists (select 1 from ${rows} and ${textComparison(sql.ref('t.value'), comparison, engine)})`
    }
    const attribute = attributeOf(prefix, key, 'filter')
    const column = sql.ref(`e.${columns[attribute]}`)
    if (attribute === 'name') return textComparison(column, comparison, engine)
    if (attribute !== 'experiment_id') return numberComparison(column, comparison, engine)
    if (!idOperators.some((allowed) => allowed === operator)) return refuseOperator(comparison, idOperators)
    return numberComparison(column, withNumbers(comparison), engine)
  }
}

const idOperators = ['=', '!=', 'IN', 'NOT IN'] as const

/** Ids are numbers here and texts in MLflow, where they are quoted. */
function withNumbers(comparison: Comparison): Comparison {
  const { value } = comparison
  if (value === undefined) return comparison
  const changed: FilterValue =
    value.kind === 'list'
      ? { kind: 'list', items: value.items.map(idNumber) }
      : { kind: 'number', value: idNumber(value.value) }
  return { ...comparison, value: changed }
}

function idNumber(id: string | number): number {
  if (/^\d{1,15}$/.test(String(id))) return Number(id)
  return fail('invalid_input', `Invalid experiment ID '${String(id).slice(0, 60)}': ids are whole numbers.`, {
    at: 'filter',
  })
}

function orderOfExperiments(texts: readonly string[], engine: Engine): RawBuilder<unknown> {
  if (texts.length === 0) return sql`e.created_at desc, e.id`
  if (texts.length > mostKeys) {
    fail('invalid_input', `\`order_by\` has ${texts.length} fields; at most ${mostKeys} are sorted by.`, {
      at: 'orderBy',
    })
  }
  // SQLite compares text by its bytes; PostgreSQL does in this collation, whatever its locale.
  const bytes = sql.raw(engine === 'postgres' ? ' collate "C"' : '')
  const terms = texts.map((text) => {
    const { prefix = 'attribute', key, descending } = parseOrder(text)
    const attribute = attributeOf(prefix, key, 'orderBy')
    return sql`${sql.ref(`e.${columns[attribute]}`)}${attribute === 'name' ? bytes : sql``} ${sql.raw(descending ? 'desc' : 'asc')}`
  })
  return sql.join([...terms, sql`e.id desc`])
}

function attributeOf(prefix: string, key: string, at: 'filter' | 'orderBy'): ExperimentAttribute {
  if (!attributePrefixes.has(prefix)) {
    const more = at === 'filter' ? ', tag, tags' : ''
    fail(
      'invalid_input',
      `Invalid entity type '${prefix.slice(0, 60)}'. Valid entity types are attribute${more}.`,
      { at },
    )
  }
  const known = attributes.find((name) => name === key)
  if (known !== undefined) return known
  const meant = nearestName(key, attributes)
  return fail(
    'invalid_input',
    `Invalid attribute key '${key.slice(0, 60)}' specified. Valid keys are ${attributes.join(', ')}.`,
    { at, ...(meant === undefined ? {} : { hint: `Did you mean "${meant}"?` }) },
  )
}
