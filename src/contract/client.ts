import type { Client, Contract, Download, Endpoint } from './endpoint.ts'
import { pathParameters } from './endpoint.ts'
import type { Problem } from './errors.ts'
import { fail, fromProblem, messageOf } from './errors.ts'

export interface CallOptions {
  readonly signal?: AbortSignal
  readonly body?: ReadableStream<Uint8Array> | Uint8Array
}

/** Carries one call to wherever it is answered: over HTTP, or in process. */
export type Transport = (
  name: string,
  endpoint: Endpoint,
  input: unknown,
  options: CallOptions,
) => Promise<unknown>

export function createClient<C extends Contract>(contract: C, transport: Transport): Client<C> {
  const calls = Object.entries(contract).map(([name, endpoint]) => [
    name,
    (input: unknown, options: CallOptions = {}) => transport(name, endpoint, input, options),
  ])
  return Object.fromEntries(calls) as Client<C>
}

export interface HttpTransportOptions {
  readonly url: string
  readonly token?: string
  readonly fetch?: typeof fetch
}

export function httpTransport({ url, token, fetch: send = fetch }: HttpTransportOptions): Transport {
  return async (_name, endpoint, input, options) => {
    const request = toHttpRequest(endpoint, (input ?? {}) as Record<string, unknown>)
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` }
    if (request.body !== undefined) headers['content-type'] = 'application/json'
    if (options.body !== undefined) headers['content-type'] = 'application/octet-stream'
    let response: Response
    try {
      // Not `new URL(path, url)`, which would drop a path that a proxy put before ours.
      response = await send(new URL(`${url.replace(/\/+$/, '')}${request.path}`), {
        method: endpoint.method,
        headers,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        ...(options.body === undefined
          ? request.body === undefined
            ? {}
            : { body: request.body }
          : { body: options.body as NonNullable<RequestInit['body']>, duplex: 'half' }),
      })
    } catch (error) {
      if (options.signal?.aborted === true) fail('cancelled', 'The call was cancelled.', { cause: error })
      return fail('server_unreachable', `No answer from ${url}: ${reasonOf(error)}`, {
        hint: 'Start it with `devmlops server`, or check the address.',
        cause: error,
      })
    }
    if (!response.ok) throw await problemOf(response)
    if (endpoint.kind === 'download') return downloadOf(response)
    return answerOf(endpoint, await response.text(), url)
  }
}

function answerOf(endpoint: Endpoint, text: string, url: string): unknown {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch (error) {
    fail('server_unreachable', `What answers at ${url} is no DevMLOps: ${text.slice(0, 80)}`, {
      hint: 'Check the address.',
      cause: error,
    })
  }
  const parsed = endpoint.output.safeParse(answer)
  if (parsed.success) return parsed.data
  return fail(
    'internal',
    `The server at ${url} answered ${endpoint.path} in a form that is not known here.`,
    {
      hint: 'Use the same version of DevMLOps on both sides.',
      cause: parsed.error,
    },
  )
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(error: unknown): string {
  return messageOf((error as { cause?: unknown }).cause ?? error)
}

/** Spreads an input over path, query and body. Exported for the server's tests and the OpenAPI document. */
export function toHttpRequest(
  endpoint: Endpoint,
  input: Readonly<Record<string, unknown>>,
): { path: string; body?: string } {
  const inPath = new Set(pathParameters(endpoint.path))
  const path = endpoint.path.replace(/:([A-Za-z]+)/g, (_, name: string) => pathSegment(name, input[name]))
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined)
  const hasBody = endpoint.method !== 'GET' && endpoint.method !== 'DELETE' && endpoint.kind !== 'upload'
  if (hasBody) return { path, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams()
  for (const [name, value] of rest) query.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  return { path: query.size === 0 ? path : `${path}?${query.toString()}` }
}

/** Dots alone would be resolved as a path, even when they are escaped. */
function pathSegment(name: string, value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : ''
  if (text === '' || text === '.' || text === '..')
    fail('invalid_input', `${name}: found "${text}", expected a name or an id.`, { at: name })
  return encodeURIComponent(text)
}

async function problemOf(response: Response): Promise<Error> {
  const text = await response.text()
  try {
    return fromProblem(JSON.parse(text) as Partial<Problem>, text)
  } catch {
    return fromProblem({}, `HTTP ${response.status} ${text.slice(0, 200)}`)
  }
}

function downloadOf(response: Response): Download {
  const sizeBytes = Number(response.headers.get('content-length') ?? Number.NaN)
  const fileName =
    /filename="([^"]*)"/.exec(response.headers.get('content-disposition') ?? '')?.[1] ?? 'download'
  return {
    body: response.body ?? new Uint8Array(),
    contentType: response.headers.get('content-type') ?? 'application/octet-stream',
    fileName,
    ...(Number.isNaN(sizeBytes) ? {} : { sizeBytes }),
  }
}
