import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { openPlatform } from '#composition/platform'
import { createProgram } from '#composition/program'
import type { Endpoint } from '#contract/endpoint'
import { readConfig } from '#platform/config'
import type { Route } from '#platform/dispatch'
import { createLog } from '#platform/log'
import { code, generatedPage, table } from './markdown.ts'
import { fieldsOf, type JsonSchema, type SchemaField } from './schema-fields.ts'

export async function httpApiPage(): Promise<string> {
  const routes = await allRoutes()
  const stages = Map.groupBy(routes, ({ name }) => name.split('.')[0] ?? '')
  return generatedPage('HTTP API', [
    'What the server answers, by stage of the loop. The same calls are behind the command line and the web page. The server',
    'describes them as OpenAPI 3.1 at `/openapi.json`, with the form of every answer. [Deployments](../../guides/deployments.md)',
    'has the endpoints that answer predictions: they are another process on another port.',
    '',
    'Fields of `GET` and `DELETE` go into the query, those of the other methods into a JSON body. A failure is',
    '[problem JSON](https://www.rfc-editor.org/rfc/rfc9457) with a `code` from the list of [errors](../errors.md). With',
    '`DEVMLOPS_TOKEN` set, every call sends `Authorization: Bearer TOKEN`. A caller may name itself in the header',
    '`x-devmlops-actor`; the audit record has that name behind what the server knows by itself, as in `token/ann`.',
    '',
    '## Beside the API',
    '',
    ...table(
      ['Call', 'What'],
      [
        ['`GET /health`', 'Says `OK` while the server answers; needs no token'],
        ['`GET /metrics`', 'Counts for Prometheus, see [metrics](../metrics.md)'],
        ['`GET /openapi.json`', 'This API as OpenAPI 3.1; needs no token'],
        ['`GET /api/v1/live`', 'Events as they happen, as a stream of server-sent events'],
      ],
    ),
    ...[...stages].flatMap(([stage, own]) => [
      `## ${stage[0]?.toUpperCase()}${stage.slice(1)}`,
      '',
      ...own.flatMap(routeLines),
    ]),
  ])
}

function routeLines({ name, endpoint }: Route): string[] {
  const inPath = [...endpoint.path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1])
  const schema = z.toJSONSchema(endpoint.input, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  const fields = fieldsOf(schema).filter(
    ({ path, description }) => !inPath.includes(path) || description !== '',
  )
  const kinds = { json: '', download: ' Answers bytes.', upload: ' The body is the bytes.' }
  return [
    `### ${endpoint.method} ${endpoint.path.replaceAll(/:([A-Za-z]+)/g, '{$1}')}`,
    '',
    `${endpoint.summary}.${kinds[endpoint.kind ?? 'json']} (${code(name)}, needs ${code(endpoint.permission)}${errorWords(endpoint)})`,
    '',
    ...fields.map(fieldLine),
    '',
  ]
}

function errorWords({ errors = [] }: Endpoint): string {
  return errors.length === 0 ? '' : `; errors ${errors.map(code).join(', ')}`
}

function fieldLine({ path, type, standard, presence, description }: SchemaField): string {
  const facts = [
    type,
    ...(presence === 'required' ? ['required'] : standard === '' ? [] : [`default ${code(standard)}`]),
  ]
  return `- ${code(path)} (${facts.join(', ')})${description === '' ? '' : `: ${description}`}`
}

/** Of the program as it is composed, so that no call can be missing. */
async function allRoutes(): Promise<readonly Route[]> {
  const home = await mkdtemp(join(tmpdir(), 'devmlops-docs-'))
  const platform = await openPlatform(readConfig({ home }, {}), createLog('silent'))
  const program = createProgram({ platform, directory: home, trackingUri: () => undefined, serve: false })
  try {
    return program.routes
  } finally {
    await program.close()
    await platform.close()
    await rm(home, { recursive: true, force: true })
  }
}
