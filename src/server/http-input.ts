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
  const input: Record<string, unknown> = body === '' ? {} : parseBody(body)
  for (const name of [...Object.keys(input), ...query.keys()]) if (!kinds.has(name)) unknownField(name, kinds)
  for (const [name, value] of query) input[name] = fromText(value, kinds.get(name))
  for (const [name, value] of Object.entries(path)) input[name] = fromText(value, kinds.get(name))
  return input
}

/** A misspelt field that is optional would otherwise be as if it had not been sent. */
function unknownField(name: string, kinds: ReadonlyMap<string, string>): never {
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

/** Query and path values are text; anything but text fields is read as JSON. */
function fromText(text: string, kind: string | undefined): unknown {
  if (kind === undefined || kind === 'string') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const kindsByEndpoint = new WeakMap<Endpoint, ReadonlyMap<string, string>>()

function fieldKinds(endpoint: Endpoint): ReadonlyMap<string, string> {
  const known = kindsByEndpoint.get(endpoint)
  if (known !== undefined) return known
  const schema = z.toJSONSchema(endpoint.input, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, { type?: string; enum?: unknown[]; const?: unknown }>
  }
  const kinds = new Map(
    Object.entries(schema.properties ?? {}).map(([name, field]) => [
      name,
      field.type ?? typeof (field.const ?? field.enum?.[0] ?? {}),
    ]),
  )
  kindsByEndpoint.set(endpoint, kinds)
  return kinds
}
