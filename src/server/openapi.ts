import { z } from 'zod'
import { pathParameters, type Endpoint } from '#contract/endpoint'
import { errorTable } from '#contract/errors'
import type { Route } from '#platform/dispatch'

interface JsonObject {
  readonly [key: string]: unknown
}

/** The OpenAPI 3.1 document of all routes, straight from their zod schemas. */
export function openapiDocument(routes: readonly Route[], version: string): JsonObject {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const route of routes) {
    const path = route.endpoint.path.replace(/:([A-Za-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.endpoint.method.toLowerCase()]: operation(route) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'DevMLOps', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
    security: [{}, { token: [] }],
  }
}

function operation({ name, endpoint }: Route): JsonObject {
  const input = schemaOf(endpoint.input, 'input')
  const properties = (input['properties'] ?? {}) as Record<string, JsonObject>
  const required = new Set((input['required'] ?? []) as string[])
  const inPath = pathParameters(endpoint.path)
  const rest = Object.entries(properties).filter(([field]) => !inPath.includes(field))
  const inBody =
    endpoint.kind !== 'upload' &&
    (endpoint.method === 'POST' || endpoint.method === 'PUT' || endpoint.method === 'PATCH')
  const parameters = [
    ...inPath.map((field) => ({
      name: field,
      in: 'path',
      required: true,
      schema: properties[field] ?? { type: 'string' },
    })),
    ...(inBody ? [] : rest.map(([field, schema]) => queryParameter(field, schema, required.has(field)))),
  ]
  return {
    operationId: name,
    tags: [name.split('.')[0]],
    summary: endpoint.summary,
    'x-permission': endpoint.permission,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...requestBody(endpoint, inBody, rest, required),
    responses: { 200: success(endpoint), ...failures(endpoint) },
  }
}

function requestBody(
  endpoint: Endpoint,
  inBody: boolean,
  fields: readonly (readonly [string, JsonObject])[],
  required: ReadonlySet<string>,
): JsonObject {
  if (endpoint.kind === 'upload') {
    return {
      requestBody: {
        required: true,
        content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
      },
    }
  }
  if (!inBody || fields.length === 0) return {}
  const schema = {
    type: 'object',
    properties: Object.fromEntries(fields),
    required: fields.map(([field]) => field).filter((field) => required.has(field)),
  }
  return {
    requestBody: { required: schema.required.length > 0, content: { 'application/json': { schema } } },
  }
}

/** Texts and numbers stand in the query as they are, lists and objects as JSON. */
function queryParameter(name: string, schema: JsonObject, required: boolean): JsonObject {
  const parameter = { name, in: 'query', required }
  const { type } = schema
  if (type !== 'array' && type !== 'object') return { ...parameter, schema }
  return { ...parameter, content: { 'application/json': { schema } } }
}

function success(endpoint: Endpoint): JsonObject {
  if (endpoint.kind === 'download') {
    return {
      description: 'The bytes',
      content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
    }
  }
  return {
    description: 'The answer',
    content: { 'application/json': { schema: schemaOf(endpoint.output, 'output') } },
  }
}

function failures(endpoint: Endpoint): JsonObject {
  const statuses = new Set((endpoint.errors ?? []).map((code) => errorTable[code].status as number))
  const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } }
  const problems = [400, ...statuses].map((status) => [String(status), { description: 'A problem', content }])
  return Object.fromEntries(problems)
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    reused: 'inline',
  }) as JsonObject
  return rest
}

const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', enum: Object.keys(errorTable) },
    detail: { type: 'string' },
    hint: { type: 'string' },
    at: { type: 'string' },
  },
}
