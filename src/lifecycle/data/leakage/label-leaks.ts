import { formatCount } from '#contract/units'
import { quoteName, requireRow } from '#platform/tables/index'
import { predictivePower } from '../checks/integrity/predictive-power.ts'
import { Uncheckable } from '../checks/compiled-check.ts'
import { readMatrix } from '../profiles/row-sample.ts'
import type { Column } from '../rows/column-type.ts'
import { isNumber, shareText, type LeakContext } from './leak-context.ts'
import type { Leak } from './leakage-report.ts'
import { findLinearRelation, type LinearRelation } from './linear-relation.ts'

/** As Deepchecks warns by default; beyond the second nobody has such luck. */
const [highPower, certainPower] = [0.8, 0.95]
const telltalePower = 0.2
const sampledRows = 3000
const maximumTerms = 40

/** Features that know the label: a sum that it is, one that predicts it alone, the place of a row, its key. */
export async function labelLeaks(
  context: LeakContext,
): Promise<{ leaks: Leak[]; powers: ReadonlyMap<string, number> }> {
  const { train, features, label, key } = context
  const leaks: Leak[] = []
  const sum = isNumber(label) ? await additiveLeak(context) : undefined
  if (sum !== undefined) leaks.push(sum)
  const powers = new Map<string, number>()
  for (const feature of features) {
    const power = await powerOf(context, feature, train.relation)
    if (power === undefined) continue
    powers.set(feature.name, power)
    if (power < highPower) continue
    leaks.push({
      kind: 'predicts_label',
      severity: power >= certainPower ? 'error' : 'warning',
      columns: [feature.name],
      message: `${feature.name} alone predicts ${label.name} (predictive power ${power.toFixed(2)} of 1)`,
    })
  }
  const position: Column = { name: 'row#', type: 'integer', sqlType: 'BIGINT' }
  const numbered = `(SELECT row_number() OVER () AS "row#", * FROM ${train.relation})`
  const byPlace = (await powerOf(context, position, numbered)) ?? 0
  if (byPlace > telltalePower) {
    leaks.push({
      kind: 'position',
      severity: 'warning',
      columns: [],
      message: `the place of a row in the file tells ${label.name} (predictive power ${byPlace.toFixed(2)}): the rows are sorted; shuffle them before a split`,
    })
  }
  for (const name of key) {
    const column = train.columns.find((one) => one.name === name)
    const power = column === undefined ? 0 : ((await powerOf(context, column, train.relation)) ?? 0)
    if (power <= telltalePower) continue
    leaks.push({
      kind: 'key',
      severity: 'warning',
      columns: [name],
      message: `the key ${name} tells ${label.name} (predictive power ${power.toFixed(2)}): it was given out in an order that knows it`,
    })
  }
  return { leaks, powers }
}

/** Undefined where it has no meaning. */
export async function powerOf(
  { tables, label }: Pick<LeakContext, 'tables' | 'label'>,
  feature: Column,
  rows: string,
): Promise<number | undefined> {
  try {
    return await predictivePower(tables, { feature, label, rows })
  } catch (error) {
    if (error instanceof Uncheckable) return undefined
    throw error
  }
}

async function additiveLeak(context: LeakContext): Promise<Leak | undefined> {
  const { tables, train, label, features } = context
  const numbers = features.filter(isNumber).slice(0, maximumTerms)
  const names = [label, ...numbers].map(({ name }) => quoteName(name)).join(', ')
  await tables.run(
    `CREATE OR REPLACE TEMP TABLE leak_sample AS SELECT ${names} FROM ${train.relation} USING SAMPLE reservoir(${sampledRows} ROWS) REPEATABLE (1)`,
  )
  const matrix = await readMatrix(tables, { relation: 'leak_sample', columns: [label, ...numbers] })
  const values = (name: string): Float64Array => matrix.get(name) ?? new Float64Array()
  const relation = findLinearRelation(
    values(label.name),
    numbers
      .filter(({ name }) => isMostlyThere(values(name)))
      .map(({ name }) => ({ name, values: values(name) })),
  )
  if (relation === undefined || relation.terms.length === 0) return undefined
  const { holds, known } = await countRows(context, relation)
  if (holds < 0.5 * known) return undefined
  const formula = formulaOf(relation)
  return {
    kind: 'sum',
    severity: 'error',
    columns: relation.terms.map(({ column }) => column),
    message: `${label.name} = ${formula} in ${formatCount(holds)} of ${formatCount(known)} rows (${shareText(holds, known)}): these columns are known when it is`,
    rows: holds,
  }
}

function isMostlyThere(values: Float64Array): boolean {
  return values.filter((value) => Number.isFinite(value)).length > 0.5 * values.length
}

/** On every row: a sample can only suggest. */
async function countRows(
  { tables, train, label }: LeakContext,
  { terms, constant }: LinearRelation,
): Promise<{ holds: number; known: number }> {
  const target = `CAST(${quoteName(label.name)} AS DOUBLE)`
  const sum = [
    ...terms.map(({ column, coefficient }) => `${coefficient} * CAST(${quoteName(column)} AS DOUBLE)`),
    String(constant),
  ].join(' + ')
  const row = requireRow(
    await tables.rows(
      `SELECT count(d) AS known, count(*) FILTER (WHERE d <= 1e-6 * (1 + abs(${target}))) AS holds
       FROM (SELECT *, abs(${target} - (${sum})) AS d FROM ${train.relation})`,
    ),
  )
  return { holds: Number(row['holds']), known: Number(row['known']) }
}

function formulaOf({ terms, constant }: LinearRelation): string {
  const parts = terms.map(({ column, coefficient }, at) => {
    const sign = coefficient < 0 ? '- ' : at === 0 ? '' : '+ '
    const size = Math.abs(coefficient)
    return `${sign}${size === 1 ? '' : `${size} × `}${column}`
  })
  return [...parts, ...(constant === 0 ? [] : [`${constant < 0 ? '- ' : '+ '}${Math.abs(constant)}`])].join(
    ' ',
  )
}
