import { code } from './markdown.ts'

/** What is used of JSON Schema (draft 2020-12) as zod writes it. */
export interface JsonSchema {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly items?: JsonSchema
  readonly prefixItems?: readonly JsonSchema[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

/** One field that a person may write. */
export interface SchemaField {
  /** `NAME.steps.NAME.train.seed`; NAME stands for a name of the writer's choice, `[]` for an entry of a list. */
  readonly path: string
  readonly type: string
  /** As it would be written; empty when there is none. */
  readonly standard: string
  /** `form`: it is what tells one form of a union from the others, so exactly one of its kind is written. */
  readonly presence: 'required' | 'form' | 'optional'
  readonly description: string
}

/** All fields below a schema, in the order of the schema; forms of a union that share a field name it once. */
export function fieldsOf(schema: JsonSchema, path = ''): SchemaField[] {
  const found = new Map<string, SchemaField>()
  for (const field of walk(schema, path)) {
    const key = [field.path, field.type, field.description].join('\n')
    if (!found.has(key)) found.set(key, field)
  }
  return [...found.values()]
}

function* walk(schema: JsonSchema, path: string): Generator<SchemaField> {
  const forms = schema.anyOf ?? []
  for (const form of forms) for (const field of walk(form, path)) yield tellForm(field, path, forms)
  if (schema.items !== undefined) yield* walk(schema.items, `${path}[]`)
  if (typeof schema.additionalProperties === 'object')
    yield* walk(schema.additionalProperties, joined(path, 'NAME'))
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    yield fieldOf(field, joined(path, name), schema.required?.includes(name) === true)
    yield* walk(field, joined(path, name))
  }
}

/** A field that one form requires and another does not have decides which form is meant. */
function tellForm(field: SchemaField, path: string, forms: readonly JsonSchema[]): SchemaField {
  const name = path === '' ? field.path : field.path.slice(path.length + 1)
  const mappings = forms.filter(({ properties }) => properties !== undefined)
  const shared = mappings.every(({ properties }) => name in (properties ?? {}))
  const top = mappings.some(({ properties }) => name in (properties ?? {}))
  return field.presence === 'required' && top && !shared ? { ...field, presence: 'form' } : field
}

function fieldOf(schema: JsonSchema, path: string, required: boolean): SchemaField {
  return {
    path,
    presence: required ? 'required' : 'optional',
    type: typeOf(schema),
    standard: isEmpty(schema.default) ? '' : JSON.stringify(schema.default).replace(/^"(.*)"$/, '$1'),
    description: schema.description ?? '',
  }
}

function joined(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value ?? {}).length === 0)
  )
}

/** The type in the words of a person who writes the field. */
function typeOf(schema: JsonSchema): string {
  if (schema.const !== undefined) return code(JSON.stringify(schema.const).replaceAll('"', ''))
  if (schema.enum !== undefined)
    return schema.enum.map((value) => code(JSON.stringify(value).replaceAll('"', ''))).join(' or ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  if (schema.prefixItems !== undefined) return `[${schema.prefixItems.map(typeOf).join(', ')}]`
  if (Array.isArray(schema.type)) return schema.type.map(wordFor).join(' or ')
  if (schema.type === 'array') return schema.items === undefined ? 'list' : `list of ${typeOf(schema.items)}`
  if (schema.type === 'object') {
    const { additionalProperties: values } = schema
    return typeof values === 'object' && isScalar(values) ? `mapping to ${typeOf(values)}` : 'mapping'
  }
  if (schema.type === 'string') return textType(schema.pattern)
  const word = wordFor(typeof schema.type === 'string' ? schema.type : 'any')
  return [word, ...boundsOf(schema)].join(' ')
}

function isScalar(schema: JsonSchema): boolean {
  return schema.properties === undefined && (schema.anyOf ?? []).every(isScalar)
}

function wordFor(type: string): string {
  const words: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    number: 'number',
    boolean: '`true` or `false`',
    null: '`null`',
  }
  return words[type] ?? 'any'
}

/** Durations and sizes are known by the units in their patterns. */
function textType(pattern: string | undefined): string {
  if (pattern?.includes('ms|s|m|h|d|w') === true) return 'duration'
  return pattern?.includes('KiB') === true ? 'size' : 'text'
}

function boundsOf(schema: JsonSchema): string[] {
  const shown = (bound: number | undefined): bound is number =>
    bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  const low = shown(minimum) ? `from ${minimum}` : shown(exclusiveMinimum) ? `above ${exclusiveMinimum}` : ''
  const high = shown(maximum) ? `to ${maximum}` : shown(exclusiveMaximum) ? `below ${exclusiveMaximum}` : ''
  return [low, high].filter((part) => part !== '')
}
