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
      response = await send(new URL(request.path, url), {
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
      return fail('server_unreachable', `No answer from ${url}: ${messageOf(error)}`, {
        hint: 'Start it with `devmlops server`, or check the address.',
        cause: error,
      })
    }
    if (!response.ok) throw await problemOf(response)
    if (endpoint.kind === 'download') return downloadOf(response)
    return endpoint.output.parse(await response.json())
  }
}

/** Spreads an input over path, query and body. Exported for the server's tests and the OpenAPI document. */
export function toHttpRequest(
  endpoint: Endpoint,
  input: Readonly<Record<string, unknown>>,
): { path: string; body?: string } {
  const inPath = new Set(pathParameters(endpoint.path))
  const path = endpoint.path.replace(/:([A-Za-z]+)/g, (_, name: string) =>
    encodeURIComponent(String(input[name])),
  )
  const rest = Object.entries(input).filter(([name, value]) => !inPath.has(name) && value !== undefined)
  const hasBody = endpoint.method !== 'GET' && endpoint.method !== 'DELETE' && endpoint.kind !== 'upload'
  if (hasBody) return { path, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams()
  for (const [name, value] of rest) query.set(name, typeof value === 'string' ? value : JSON.stringify(value))
  return { path: query.size === 0 ? path : `${path}?${query.toString()}` }
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
