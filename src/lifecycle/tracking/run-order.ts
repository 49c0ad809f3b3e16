import { sql, type RawBuilder } from 'kysely'
import { fail } from '#contract/errors'
import type { Engine } from '#platform/database/index'
import { parseOrder } from '#platform/filter/index'
import { runFieldOf, type RunField } from './run-field.ts'
import { attributeColumns } from './run-filter.ts'

/** By what runs are sorted. Missing values come last, NaN before them. */
export interface RunOrder {
  readonly field: Exclude<RunField, { kind: 'dataset' }>
  readonly descending: boolean
}

/** Each key may cost a join, and SQLite joins 64 tables at the most. */
const mostKeys = 30

/** Reads `metrics.roc_auc desc`, `params."learning rate"`, `start_time asc`, in MLflow's way of writing them. */
export function parseRunOrders(texts: readonly string[]): RunOrder[] {
  const at = 'orderBy'
  if (texts.length > mostKeys) {
    fail('invalid_input', `\`order_by\` has ${texts.length} fields; at most ${mostKeys} are sorted by.`, {
      at,
    })
  }
  const seen = new Set<string>()
  return texts.map((text) => {
    const { descending, ...named } = parseOrder(text)
    const field = runFieldOf(named, at)
    if (field.kind === 'dataset') {
      return fail('invalid_input', `Runs cannot be sorted by "${text}": a run may have many datasets.`, {
        at,
      })
    }
    const identity = `${field.kind}.${field.key}`
    if (seen.has(identity)) {
      return fail('invalid_input', `\`order_by\` contains duplicate fields: ${identity}`, { at })
    }
    seen.add(identity)
    return { field, descending }
  })
}

/** What to join to `runs r`, and the terms to sort by; the newest run first and then the id decide between equals. */
export function orderOfRuns(
  orders: readonly RunOrder[],
  engine: Engine,
): { readonly joins: RawBuilder<unknown>; readonly terms: RawBuilder<unknown> } {
  const parts = orders.map((order, index) => partOf(order, `o${index}`, engine))
  return {
    joins: sql.join(
      parts.map(({ join }) => join),
      sql` `,
    ),
    terms: sql.join([...parts.map(({ term }) => term), sql`r.started_at desc nulls last, r.id`]),
  }
}

function partOf(
  { field, descending }: RunOrder,
  alias: string,
  engine: Engine,
): { join: RawBuilder<unknown>; term: RawBuilder<unknown> } {
  const direction = sql.raw(descending ? 'desc nulls last' : 'asc nulls last')
  // SQLite compares text by its bytes; PostgreSQL does in this collation, whatever its locale.
  const bytes = sql.raw(engine === 'postgres' ? 'collate "C"' : '')
  const joined = sql.table(alias)
  const value = sql.ref(`${alias}.value`)
  const runNumber = sql.ref(`${alias}.run_number`)
  const key = sql.ref(`${alias}.key`)
  switch (field.kind) {
    case 'text':
    case 'time': {
      const column = sql.ref(`r.${attributeColumns[field.key]}`)
      return { join: sql``, term: sql`${column} ${field.kind === 'text' ? bytes : sql``} ${direction}` }
    }
    case 'metric':
      return {
        join: sql`left join latest_metrics ${joined} on ${runNumber} = r.number
          and ${sql.ref(`${alias}.key_id`)} = (select id from metric_keys where key = ${field.key})`,
        term: sql`case when ${value} is null then 2 else ${sql.ref(`${alias}.is_nan`)} end, ${value} ${direction}`,
      }
    default:
      return {
        join: sql`left join ${sql.table(field.kind === 'param' ? 'run_params' : 'run_tags')} ${joined}
          on ${runNumber} = r.number and ${key} = ${field.key}`,
        term: sql`${value} ${bytes} ${direction}`,
      }
  }
}
