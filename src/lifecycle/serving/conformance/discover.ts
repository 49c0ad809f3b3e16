import { fail } from '#contract/errors'
import { Unmet } from './conformance-case.ts'
import { sendRequest, type ModelFacts, type Reply, type TargetOptions } from './target.ts'
import type { TensorFacts } from './tensor-example.ts'

/** What a server says of itself. */
export interface Discovered {
  readonly server: string
  readonly extensions: readonly string[]
  readonly model: ModelFacts
}

/** Reads leniently: what is wrong with these answers is for the cases to say. */
export async function discover(options: TargetOptions, wanted: string | undefined): Promise<Discovered> {
  const server = recordOf((await get(options, '/v2')).json)
  const extensions = textsOf(server['extensions'])
  const name = wanted ?? (await firstModel(options))
  const facts = recordOf((await get(options, `/v2/models/${encodeURIComponent(name)}`)).json)
  return {
    server: textsOf([server['name'], server['version']]).join(' ') || 'A server that does not say its name',
    extensions,
    model: {
      name,
      versions: textsOf(facts['versions']),
      inputs: tensorsOf(facts['inputs']),
      outputs: tensorsOf(facts['outputs']),
    },
  }
}

async function get(options: TargetOptions, path: string): Promise<Reply> {
  try {
    return await sendRequest(options, { method: 'GET', path }, {})
  } catch (error) {
    if (!(error instanceof Unmet)) throw error
    return fail('server_unreachable', `${options.url}${path}: ${error.message}.`, {
      hint: 'Give the address at which the server answers REST, such as http://127.0.0.1:5001.',
    })
  }
}

/** By the repository's index, or by KServe's list. */
async function firstModel(options: TargetOptions): Promise<string> {
  const index = await sendRequest(
    options,
    { method: 'POST', path: '/v2/repository/index' },
    { body: {} },
  ).catch(() => undefined)
  const entries = Array.isArray(index?.json) ? index.json.map(recordOf) : []
  const ready = entries.find(({ state }) => state === undefined || state === 'READY')
  if (typeof ready?.['name'] === 'string') return ready['name']
  const [name] = textsOf(recordOf((await get(options, '/v2/models')).json)['models'])
  return (
    name ??
    fail('not_found', `${options.url} lists no model that is ready.`, { hint: 'Name one with --model.' })
  )
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((text): text is string => typeof text === 'string') : []
}

function tensorsOf(value: unknown): readonly TensorFacts[] {
  if (!Array.isArray(value)) return []
  return value.map(recordOf).flatMap(({ name, datatype, shape }) => {
    if (typeof name !== 'string' || typeof datatype !== 'string' || !Array.isArray(shape)) return []
    return [{ name, datatype, shape: shape.map(Number) }]
  })
}
