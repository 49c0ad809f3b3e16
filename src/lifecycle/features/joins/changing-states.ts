import { quoteName, type Tables } from '#platform/tables/index'
import { originOf, type FeatureConfig } from '../feature-contract.ts'
import { featureOf, type ViewRows, type ViewSource } from './view-rows.ts'

/**
 * Aggregates and lags change with every row of a key. `devmlops_states` gets one row for each moment at which something
 * became known: keys, `known`, `e` (the newest time known by then) and the features as they were then. A row that became
 * known late is in an aggregate from that moment on and not before.
 */
export async function changingStates(tables: Tables, source: ViewSource, rows: ViewRows): Promise<void> {
  const { keys } = rows
  const list = keys.join(', ')
  const order = rows.order?.ofRow ?? 'row_number() OVER (ORDER BY e, c, n)'
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE devmlops_source AS SELECT *, greatest(e, c) AS known, ${order} AS o FROM ${rows.sql}`,
  )
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE devmlops_late AS SELECT DISTINCT ${list} FROM devmlops_source WHERE c > e`,
  )
  const features = source.features.map((name) => featureOf(source, name))
  const values = features.map((feature, i) => `${windowValue(feature, `f${i}`, list)} AS f${i}`)
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE devmlops_states AS
     SELECT ${list}, e AS known, e, ${values.join(', ')}
     FROM devmlops_source AS r ANTI JOIN devmlops_late AS l ON ${sameKey(keys, 'r', 'l')}
     QUALIFY row_number() OVER (PARTITION BY ${list}, e ORDER BY o DESC) = 1`,
  )
  await addLateKeys(tables, features, keys)
}

function sameKey(keys: readonly string[], left: string, right: string): string {
  return keys.map((key) => `${left}.${key} = ${right}.${key}`).join(' AND ')
}

/** Where every row was known at its own time, a feature is a window over the rows. */
function windowValue(feature: FeatureConfig, value: string, keys: string): string {
  const { aggregate, over = 0 } = feature
  if (aggregate !== undefined) {
    // Whole microseconds: from just after the beginning of the span to the row, rows of the same moment included.
    const frame = `RANGE BETWEEN ${over * 1000 - 1} PRECEDING AND CURRENT ROW`
    return `${functionOf(aggregate)}(${value}) OVER (PARTITION BY ${keys} ORDER BY e ${frame})`
  }
  return originOf(feature) === 'lag'
    ? `lag(${value}, ${feature.by}) OVER (PARTITION BY ${keys} ORDER BY o)`
    : value
}

/**
 * Keys of which a row was known later than it happened. What is newest then follows another order than what is newest by
 * time, so a moment keeps the newest rows known by then, and an aggregate joins the rows of its span that were known.
 */
async function addLateKeys(
  tables: Tables,
  features: readonly FeatureConfig[],
  keys: readonly string[],
): Promise<void> {
  const list = keys.join(', ')
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE devmlops_late_rows AS
     SELECT r.* FROM devmlops_source AS r SEMI JOIN devmlops_late AS l ON ${sameKey(keys, 'r', 'l')}`,
  )
  const depth = 1 + Math.max(0, ...features.map((feature) => (feature.lag === undefined ? 0 : feature.by)))
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE devmlops_moments AS
     SELECT ${list}, known, max(e) OVER until AS newest, max(o, ${depth}) OVER until AS newest_rows
     FROM devmlops_late_rows
     WINDOW until AS (PARTITION BY ${list} ORDER BY known)
     QUALIFY row_number() OVER (PARTITION BY ${list}, known ORDER BY o) = 1`,
  )
  const joins: string[] = []
  const values = features.map((feature, i) => {
    if (feature.aggregate !== undefined) return `span_${feature.over ?? 0}.f${i}`
    const back = feature.lag === undefined ? 1 : feature.by + 1
    const join = `LEFT JOIN devmlops_late_rows AS row_${back} ON row_${back}.o = m.newest_rows[${back}]`
    if (!joins.includes(join)) joins.push(join)
    return `row_${back}.f${i}`
  })
  for (const over of new Set(features.flatMap((feature) => feature.over ?? []))) {
    await aggregateSpan(tables, { features, keys, over })
    joins.push(`LEFT JOIN ${spanTable(over)} AS span_${over} ON span_${over}.moment = m.rowid`)
  }
  const own = keys.map((key) => `m.${key}`).join(', ')
  await tables.run(
    `INSERT INTO devmlops_states SELECT ${own}, m.known, m.newest, ${values.join(', ')}
     FROM devmlops_moments AS m ${joins.join(' ')}`,
  )
}

/**
 * A span touches two stretches of its own length, so only those of a key are compared and not all of its rows: a join that
 * compared all took 1.3 GB for 30,000 rows of 200 keys.
 */
async function aggregateSpan(
  tables: Tables,
  { features, keys, over }: { features: readonly FeatureConfig[]; keys: readonly string[]; over: number },
): Promise<void> {
  const span = over * 1000
  const values = features.flatMap((feature, i) =>
    feature.aggregate === undefined || feature.over !== over
      ? []
      : [`${functionOf(feature.aggregate)}(r.f${i}) AS f${i}`],
  )
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE ${spanTable(over)} AS SELECT m.moment, ${values.join(', ')}
     FROM (SELECT *, rowid AS moment, unnest([newest // ${span}, newest // ${span} - 1]) AS stretch FROM devmlops_moments) AS m
     JOIN devmlops_late_rows AS r
     ON ${sameKey(keys, 'm', 'r')} AND r.e // ${span} = m.stretch AND r.known <= m.known AND r.e > m.newest - ${span}
     GROUP BY m.moment`,
  )
}

function spanTable(over: number): string {
  return quoteName(`devmlops_span_${over}`)
}

function functionOf(aggregate: NonNullable<FeatureConfig['aggregate']>): string {
  return aggregate === 'mean' ? 'avg' : aggregate
}
