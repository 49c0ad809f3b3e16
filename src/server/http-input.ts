import { z } from 'zod'
import type { Endpoint } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'

/** Limits on everything that comes from outside: 10 MiB of JSON is far more than any call here needs. */
export const maximumBodyBytes = 10 * 1024 * 1024

export interface HttpParts {
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The JSON body's text; empty when the call has none. */
  readonly body: string
}

/** Gathers an endpoint's one input object from where HTTP spread it. */
export function httpInput(endpoint: Endpoint, { path, query, body }: HttpParts): unknown {
  const kinds = fieldKinds(endpoint)
  const input = new Map<string, unknown>(body === '' ? [] : Object.entries(parseBody(body)))
  for (const name of [...input.keys(), ...query.keys()]) if (!kinds.has(name)) unknownField(name, kinds)
  for (const name of query.keys()) input.set(name, fromTexts(query.getAll(name), kinds.get(name)))
  for (const [name, value] of Object.entries(path)) input.set(name, fromTexts([value], kinds.get(name)))
  // Not by assignment, which would take a field named __proto__ for something else.
  return Object.fromEntries(input)
}

/** A misspelt field that is optional would otherwise be as if it had not been sent. */
function unknownField(name: string, kinds: ReadonlyMap<string, FieldKind>): never {
  const known = [...kinds.keys()]
  const near = nearestName(name, known)
  return fail('invalid_input', `"${name.slice(0, 60)}" is no field of this call.`, {
    hint: near === undefined ? `Its fields are ${known.join(', ') || 'none'}.` : `Did you mean "${near}"?`,
    at: name.slice(0, 60),
  })
}

function parseBody(body: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch (error) {
    fail('invalid_input', `The body is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail('invalid_input', 'The body must be a JSON object.')
  }
  return value as Record<string, unknown>
}

/** Query and path values are text. Fields of text take it as it is; for others it is JSON, and lists may be repeated. */
function fromTexts(texts: readonly string[], kind: FieldKind | undefined): unknown {
  const values = texts.map((text) => (kind === undefined || kind === 'text' ? text : jsonOr(text)))
  const [first] = values
  if (kind !== 'list' || (values.length === 1 && Array.isArray(first))) return values.at(-1)
  return values
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** `text` takes texts only, `list` is an array; anything else is read as JSON where it is JSON. */
type FieldKind = 'text' | 'list' | 'other'

interface FieldSchema {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly FieldSchema[]
  readonly oneOf?: readonly FieldSchema[]
  readonly allOf?: readonly FieldSchema[]
}

const kindsByEndpoint = new WeakMap<Endpoint, ReadonlyMap<string, FieldKind>>()

function fieldKinds(endpoint: Endpoint): ReadonlyMap<string, FieldKind> {
  const known = kindsByEndpoint.get(endpoint)
  if (known !== undefined) return known
  const schema = z.toJSONSchema(endpoint.input, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, FieldSchema>
  }
  const kinds = new Map(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, kindOf(field)]))
  kindsByEndpoint.set(endpoint, kinds)
  return kinds
}

function kindOf(field: FieldSchema): FieldKind {
  const types = typesOf(field)
  if (types.size === 1 && types.has('array')) return 'list'
  return types.size === 1 && types.has('string') ? 'text' : 'other'
}

/** `null` is left out: no query can say it of a text, so that `null` in one is the word. */
function typesOf({
  type,
  enum: values,
  const: constant,
  anyOf,
  oneOf,
  allOf,
}: FieldSchema): ReadonlySet<string> {
  const types = new Set(type === undefined ? [] : typeof type === 'string' ? [type] : type)
  for (const value of values ?? (constant === undefined ? [] : [constant])) types.add(typeof value)
  for (const branch of [...(anyOf ?? []), ...(oneOf ?? []), ...(allOf ?? [])]) {
    for (const one of typesOf(branch)) types.add(one)
  }
  types.delete('null')
  return types
}
