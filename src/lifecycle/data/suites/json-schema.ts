import { accepted } from './great-expectations.ts'
import {
  NoCounterpart,
  noCounterpart,
  portablePattern,
  type Expectation,
  type ImportedSuite,
  type Unmapped,
} from './imported-suite.ts'

interface Property extends Readonly<Record<string, unknown>> {
  readonly type?: string | readonly string[]
  readonly description?: string
}

interface ObjectSchema {
  readonly type?: unknown
  readonly properties?: Readonly<Record<string, Property>>
  readonly required?: readonly string[]
  readonly additionalProperties?: unknown
  readonly items?: ObjectSchema
}

export function isJsonSchema(document: unknown): boolean {
  return objectOf(document) !== undefined
}

/** Of one row, or of a list of them. */
function objectOf(document: unknown): ObjectSchema | undefined {
  const schema = (document ?? {}) as ObjectSchema
  if (typeof schema.properties === 'object') return schema
  return typeof schema.items?.properties === 'object' ? schema.items : undefined
}

const types: Readonly<Record<string, readonly string[]>> = {
  integer: ['integer'],
  number: ['number', 'integer'],
  string: ['text'],
  boolean: ['boolean'],
}

const formats: Readonly<Record<string, string>> = {
  email: String.raw`^[^@\s]+@[^@\s]+\.[^@\s]+$`,
  uuid: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
  uri: String.raw`^[a-zA-Z][a-zA-Z0-9+.-]*:\S+$`,
  ipv4: String.raw`^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$`,
  hostname: '^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,251}[a-zA-Z0-9])?$',
  time: String.raw`^\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?$`,
}

/** Keywords that say nothing of the values. */
const annotations = new Set([
  'type',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly',
  '$comment',
  'nullable',
])

type Make = (column: string, value: unknown, property: Property) => Expectation | undefined

const keywords: Readonly<Record<string, Make>> = {
  enum: (column, value) => ({
    in_set: { column, values: (value as unknown[]).filter((one) => one !== null) },
  }),
  const: (column, value) => ({ in_set: { column, values: [value] } }),
  minimum: (column, value, property) => ({
    // Draft 4 says `exclusiveMinimum: true` beside it.
    between: {
      column,
      minimum: value,
      ...(property['exclusiveMinimum'] === true ? { strict_minimum: true } : {}),
    },
  }),
  maximum: (column, value, property) => ({
    between: {
      column,
      maximum: value,
      ...(property['exclusiveMaximum'] === true ? { strict_maximum: true } : {}),
    },
  }),
  exclusiveMinimum: (column, value) =>
    typeof value === 'number' ? { between: { column, minimum: value, strict_minimum: true } } : undefined,
  exclusiveMaximum: (column, value) =>
    typeof value === 'number' ? { between: { column, maximum: value, strict_maximum: true } } : undefined,
  pattern: (column, value) => ({ matches: { column, pattern: portablePattern(value) } }),
  minLength: (column, value) => ({ length: { column, at_least: value } }),
  maxLength: (column, value) => ({ length: { column, at_most: value } }),
  format: (column, value) => {
    if (value === 'date') return { has_type: { column, type: 'date' } }
    if (value === 'date-time') return { has_type: { column, type: ['timestamp', 'date'] } }
    const pattern = formats[String(value)]
    return pattern === undefined
      ? noCounterpart(`the format ${String(value)} has no counterpart`)
      : { matches: { column, pattern } }
  },
}

/** A JSON Schema of a row. Patterns are searched for, lengths are in code points, as the standard says. */
export function importJsonSchema(document: unknown): ImportedSuite {
  const schema = objectOf(document) as ObjectSchema
  const properties = Object.entries(schema.properties ?? {})
  const required = new Set(schema.required)
  const expectations: Expectation[] = []
  const unmapped: Unmapped[] = []
  const attempt = (name: string, make: () => Expectation | undefined): void => {
    try {
      const made = make()
      if (made !== undefined) expectations.push(accepted(made))
    } catch (error) {
      if (!(error instanceof NoCounterpart)) throw error
      unmapped.push({ name, reason: error.message })
    }
  }
  if (schema.additionalProperties === false) {
    const columns = properties.map(([name]) => name)
    attempt('additionalProperties', () => ({ columns_in_set: { columns, match: 'within' } }))
  }
  if (required.size > 0) attempt('required', () => ({ column_exists: [...required] }))
  for (const [name, property] of properties) {
    const listed = typeof property.type === 'string' ? [property.type] : [...(property.type ?? [])]
    const isNullable = listed.includes('null') || property['nullable'] === true || listed.length === 0
    const known = listed.filter((type) => type !== 'null')
    const isTime = property['format'] === 'date' || property['format'] === 'date-time'
    if (known.length > 0 && !isTime) {
      attempt(`${name}: type`, () => ({
        has_type: {
          column: name,
          type: [
            ...new Set(
              known.flatMap((type) => types[type] ?? noCounterpart(`the type ${type} is no column`)),
            ),
          ],
        },
      }))
    }
    // A row of a table has every column; a property that is required and may not be null is one that is never missing.
    if (required.has(name) && !isNullable) attempt(`${name}: required`, () => ({ not_null: name }))
    for (const [keyword, value] of Object.entries(property)) {
      if (annotations.has(keyword)) continue
      attempt(`${name}: ${keyword}`, () => {
        const make = keywords[keyword] ?? noCounterpart('the keyword has no counterpart for a column')
        return make(name, value, property)
      })
    }
  }
  const optional = properties.filter(([name]) => !required.has(name)).map(([name]) => name)
  const notes =
    optional.length === 0
      ? []
      : [`not required there, needed here, since a check needs its column: ${optional.join(', ')}`]
  return { format: 'json-schema', expectations, unmapped, notes }
}
