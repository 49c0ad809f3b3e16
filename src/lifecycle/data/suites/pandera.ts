import { accepted } from './great-expectations.ts'
import {
  NoCounterpart,
  noCounterpart,
  portablePattern,
  typeNamed,
  type Expectation,
  type ImportedSuite,
  type Unmapped,
} from './imported-suite.ts'

interface PanderaColumn extends Readonly<Record<string, unknown>> {
  readonly dtype?: string | null
  readonly nullable?: boolean
  readonly unique?: boolean
  readonly required?: boolean
  readonly regex?: boolean
  readonly description?: string | null
  readonly checks?: unknown
}

interface PanderaSchema {
  readonly columns?: Readonly<Record<string, PanderaColumn>> | null
  readonly checks?: unknown
  readonly index?: unknown
  readonly strict?: boolean | 'filter'
  readonly ordered?: boolean
  readonly unique?: readonly string[] | null
  readonly unique_column_names?: boolean
}

export function isPandera(document: unknown): boolean {
  const { schema_type, columns } = (document ?? {}) as { schema_type?: unknown; columns?: unknown }
  return typeof schema_type === 'string' && typeof columns === 'object'
}

const columnFields = new Set([
  'title',
  'description',
  'dtype',
  'nullable',
  'unique',
  'required',
  'regex',
  'checks',
  'coerce',
  'metadata',
  'drop_invalid_rows',
  'report_duplicates',
  'default',
])

type Make = (column: string, value: Readonly<Record<string, unknown>>) => Expectation

/** Pandera's own checks: `value` has the arguments of the check by name, a lone one as `value`. */
const columnChecks: Readonly<Record<string, Make>> = {
  equal_to: (column, value) => ({ in_set: { column, values: [value['value']] } }),
  not_equal_to: (column, value) => ({ not_in_set: { column, values: [value['value']] } }),
  greater_than: (column, value) => ({
    between: { column, minimum: value['min_value'] ?? value['value'], strict_minimum: true },
  }),
  greater_than_or_equal_to: (column, value) => ({
    between: { column, minimum: value['min_value'] ?? value['value'] },
  }),
  less_than: (column, value) => ({
    between: { column, maximum: value['max_value'] ?? value['value'], strict_maximum: true },
  }),
  less_than_or_equal_to: (column, value) => ({
    between: { column, maximum: value['max_value'] ?? value['value'] },
  }),
  in_range: (column, { min_value, max_value, include_min, include_max }) => ({
    between: {
      column,
      minimum: min_value,
      maximum: max_value,
      ...(include_min === false ? { strict_minimum: true } : {}),
      ...(include_max === false ? { strict_maximum: true } : {}),
    },
  }),
  isin: (column, value) => ({ in_set: { column, values: value['allowed_values'] ?? value['value'] } }),
  notin: (column, value) => ({ not_in_set: { column, values: value['forbidden_values'] ?? value['value'] } }),
  // `str.match` looks from the start of the text, `str.contains` anywhere in it.
  str_matches: (column, value) => ({
    matches: { column, pattern: portablePattern(value['pattern'] ?? value['value']), match: 'prefix' },
  }),
  str_contains: (column, value) => ({
    matches: { column, pattern: portablePattern(value['pattern'] ?? value['value']) },
  }),
  str_startswith: (column, value) => ({
    matches: { column, pattern: escaped(value['string'] ?? value['value']), match: 'prefix' },
  }),
  str_endswith: (column, value) => ({
    matches: { column, pattern: `${escaped(value['string'] ?? value['value'])}\\z` },
  }),
  str_length: (column, { min_value, max_value, exact_value, value }) => ({
    length:
      typeof (exact_value ?? value) === 'number'
        ? { column, equals: exact_value ?? value }
        : {
            column,
            ...(typeof min_value === 'number' ? { at_least: min_value } : {}),
            ...(typeof max_value === 'number' ? { at_most: max_value } : {}),
          },
  }),
  unique_values_eq: (column, value) => ({
    distinct_equals_set: { column, values: value['values'] ?? value['value'] },
  }),
}

/** A schema as Pandera writes it with `to_yaml` or `to_json`. */
export function importPandera(document: unknown): ImportedSuite {
  const schema = document as PanderaSchema
  const expectations: Expectation[] = []
  const unmapped: Unmapped[] = []
  const attempt = (name: string, make: () => Expectation): void => {
    try {
      expectations.push(accepted(make()))
    } catch (error) {
      if (!(error instanceof NoCounterpart)) throw error
      unmapped.push({ name, reason: error.message })
    }
  }
  const columns = Object.entries(schema.columns ?? {})
  const named = columns.filter(([, { regex }]) => regex !== true)
  for (const [name] of columns.filter(([, { regex }]) => regex === true)) {
    unmapped.push({ name, reason: 'it stands for several columns by a pattern; name them' })
  }
  const required = named.filter(([, { required: isRequired }]) => isRequired !== false).map(([name]) => name)
  const isStrict = schema.strict === true
  if (schema.ordered === true && isStrict && required.length === named.length) {
    attempt('ordered', () => ({ columns_in_order: required }))
  } else {
    if (schema.ordered === true) {
      unmapped.push({
        name: 'ordered',
        reason: 'an order is checked of all columns, and these may have others',
      })
    }
    if (isStrict) {
      attempt('strict', () => ({ columns_in_set: { columns: named.map(([name]) => name), match: 'within' } }))
    }
    if (required.length > 0) attempt('required', () => ({ column_exists: required }))
  }
  if (schema.strict === 'filter') {
    unmapped.push({
      name: 'strict: filter',
      reason: 'columns are never dropped on arrival; select them in a pipeline',
    })
  }
  for (const [name, column] of named) {
    if (column.required === false) {
      unmapped.push({
        name,
        reason: 'it may be absent, and a check needs its column; add its checks once it is there',
      })
      continue
    }
    if (typeof column.dtype === 'string') {
      attempt(`${name}: dtype`, () => ({ has_type: { column: name, type: typesFor(column.dtype) } }))
    }
    if (column.nullable !== true) attempt(`${name}: nullable`, () => ({ not_null: name }))
    if (column.unique === true) attempt(`${name}: unique`, () => ({ unique: name }))
    for (const [check, value] of checksOf(column)) {
      attempt(`${name}: ${check}`, () => {
        const make = columnChecks[check] ?? noCounterpart('it is a check of your own')
        return { ...make(name, argumentsOf(value)), ...settingsOf(value) }
      })
    }
  }
  const { unique } = schema
  if (Array.isArray(unique) && unique.length > 0) attempt('unique', () => ({ unique }))
  if (schema.unique_column_names === true)
    attempt('unique_column_names', () => ({ unique_column_names: true }))
  for (const [name] of Object.entries((schema.checks ?? {}) as Record<string, unknown>)) {
    unmapped.push({ name, reason: 'it is a check of the whole frame; write it as sql' })
  }
  if (Array.isArray(schema.index) && schema.index.length > 0) {
    unmapped.push({ name: 'index', reason: 'a table has no index here; keep it as a column' })
  }
  return { format: 'pandera', expectations, unmapped, notes: [] }
}

/** Whole numbers are numbers too: a file has no way to say which of the two 3 is. */
function typesFor(dtype: unknown): string | string[] {
  const type = typeNamed(dtype)
  if (type === 'number') return ['number', 'integer']
  return type === 'timestamp' ? ['timestamp', 'date'] : type
}

function checksOf(column: PanderaColumn): [string, unknown][] {
  const listed =
    typeof column.checks === 'object' && column.checks !== null ? Object.entries(column.checks) : []
  return [...Object.entries(column).filter(([field]) => !columnFields.has(field)), ...listed]
}

function argumentsOf(value: unknown): Readonly<Record<string, unknown>> {
  const isNamed = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isNamed ? (value as Record<string, unknown>) : { value }
}

function settingsOf(value: unknown): { severity?: 'warn'; description?: string } {
  const { raise_warning, error, options } = argumentsOf(value) as {
    raise_warning?: unknown
    error?: unknown
    options?: { raise_warning?: unknown }
  }
  return {
    ...(raise_warning === true || options?.raise_warning === true ? { severity: 'warn' as const } : {}),
    ...(typeof error === 'string' ? { description: error } : {}),
  }
}

function escaped(text: unknown): string {
  if (typeof text !== 'string') return noCounterpart('it has no text')
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
}
