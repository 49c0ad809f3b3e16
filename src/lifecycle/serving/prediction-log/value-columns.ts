import type { ModelSignature } from '#lifecycle/tracking/contract'
import { quoteName, type Tables } from '#platform/tables/index'
import type { ColumnKind, ValueColumn } from './columnar-index.ts'

type FieldType = ModelSignature['inputs'][number]['type']

const kindOfType: Readonly<Record<FieldType, ColumnKind>> = {
  boolean: 'boolean',
  integer: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  string: 'text',
  datetime: 'time',
}

/** The types of JSON that a kind can hold without a loss, in DuckDB's words. */
const accepted: Readonly<Record<ColumnKind, readonly string[]>> = {
  number: ['UBIGINT', 'BIGINT', 'DOUBLE'],
  integer: ['UBIGINT', 'BIGINT'],
  boolean: ['BOOLEAN'],
  text: ['VARCHAR'],
  time: ['VARCHAR'],
  numbers: ['ARRAY'],
  json: [],
}

/** As `Date.toISOString` writes it. */
const timeForm = '%Y-%m-%dT%H:%M:%S.%gZ'

export function columnName({ part, name }: Pick<ValueColumn, 'part' | 'name'>): string {
  return quoteName(`${part}.${name}`)
}

/** Where a value is in the JSON of a record. */
export function pointerTo({ part, name }: Pick<ValueColumn, 'part' | 'name'>): string {
  return `/${part}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** A value of type JSON as its column has it, as SQL. What does not fit is NULL. */
export function valueExpression(json: string, kind: ColumnKind): string {
  const text = `json_extract_string(${json}, '$')`
  switch (kind) {
    case 'number':
      return `TRY_CAST(${text} AS DOUBLE)`
    case 'integer':
      return `TRY_CAST(${text} AS BIGINT)`
    case 'boolean':
      return `TRY_CAST(${text} AS BOOLEAN)`
    case 'text':
      return text
    case 'time':
      return `TRY_CAST(${text} AS TIMESTAMP)`
    case 'numbers':
      return `TRY_CAST(${json} AS DOUBLE[])`
    case 'json':
      return `nullif(CAST(${json} AS VARCHAR), 'null')`
  }
}

/** A column as the record has it, as SQL; what is `json` is still to be parsed. */
export function readExpression(column: ValueColumn): string {
  const name = columnName(column)
  return column.kind === 'time' ? `strftime(${name}, '${timeForm}')` : name
}

export interface KnownKinds {
  /** Of the model versions in the lines; undefined where a version is not known any more. */
  readonly signatures: readonly (ModelSignature | undefined)[]
  /** Of files before: a column that is empty now keeps its type. */
  readonly earlier: readonly ValueColumn[]
}

/** The columns that the records in the table `lines` have, without their kinds. */
export async function namedColumns(tables: Tables): Promise<Pick<ValueColumn, 'part' | 'name'>[]> {
  const columns: Pick<ValueColumn, 'part' | 'name'>[] = []
  for (const part of ['inputs', 'outputs'] as const) {
    const rows = await tables.rows(
      `SELECT DISTINCT unnest(json_keys(line, '$.${part}')) AS name FROM lines WHERE json_valid(line) ORDER BY 1`,
    )
    columns.push(...rows.map(({ name }) => ({ part, name: name as string })))
  }
  return columns
}

/**
 * The kinds of columns whose values are in the list `v` of the table `parsed`: what the signature says, unless the values
 * say otherwise, such as a hash in place of a number. Nothing is cast that would lose something.
 */
export async function kindsOf(
  tables: Tables,
  columns: readonly Pick<ValueColumn, 'part' | 'name'>[],
  { signatures, earlier }: KnownKinds,
): Promise<ColumnKind[]> {
  if (columns.length === 0) return []
  const each = (expression: (json: string, index: number) => string): string =>
    columns.map((_, index) => `${expression(`v[${index + 1}]`, index)} AS c${index}`).join(', ')
  const [observed = {}] = await tables.rows(
    `SELECT ${each((json) => `list(DISTINCT json_type(${json}))`)} FROM parsed`,
  )
  const candidates = columns.map(({ part, name }, index) => {
    const types = (observed[`c${index}`] as (string | null)[] | null) ?? []
    const isHere = (other: { readonly name: string }): boolean => other.name === name
    const declared = signatures.flatMap((signature) => signature?.[part] ?? []).find(isHere)
    const before = earlier.find((column) => column.part === part && isHere(column))
    const wanted: readonly (ColumnKind | undefined)[] = [
      declared === undefined ? undefined : kindOfType[declared.type],
      before?.kind,
      'number',
      'boolean',
      'text',
      'numbers',
    ]
    return [...new Set(wanted)].filter(
      (kind) =>
        kind !== undefined &&
        types.every((type) => type === null || type === 'NULL' || accepted[kind].includes(type)),
    ) as ColumnKind[]
  })
  const longest = Math.max(...candidates.map(({ length }) => length))
  const kinds = columns.map((): ColumnKind => 'json')
  // The first choice of each column at once, then the second of those that it does not fit.
  for (let choice = 0; choice < longest; choice++) {
    const [fits = {}] = await tables.rows(
      `SELECT ${each((json, index) => {
        const kind = candidates[index]?.[choice]
        return kind === undefined ? 'false' : `coalesce(bool_and(${isKept(json, kind)}), true)`
      })} FROM parsed`,
    )
    for (const [index, kind] of kinds.entries()) {
      const tried = candidates[index]?.[choice]
      if (kind === 'json' && tried !== undefined && fits[`c${index}`] === true) kinds[index] = tried
    }
    if (kinds.every((kind, index) => kind !== 'json' || (candidates[index] ?? []).length <= choice + 1)) break
  }
  return kinds
}

function isKept(json: string, kind: ColumnKind): string {
  const value = valueExpression(json, kind)
  const absent = `${valueExpression(json, 'json')} IS NULL`
  switch (kind) {
    case 'time':
      return `${absent} OR strftime(${value}, '${timeForm}') = ${valueExpression(json, 'text')}`
    case 'numbers':
      // A list of texts would be read as numbers too.
      return `${absent} OR (${value} IS NOT NULL AND NOT contains(CAST(${json} AS VARCHAR), '"'))`
    default:
      return `${absent} OR ${value} IS NOT NULL`
  }
}
