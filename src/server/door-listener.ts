import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '#contract/errors'
import { accessBy, authenticate, type Access } from '#platform/access/access'
import { releaseChunk } from '#platform/chunk'
import type { Door, DoorAnswer, DoorRequest } from '#platform/door'
import { refuseForeign, securityHeaders } from './guard.ts'
import type { ServerMetrics } from './server-metrics.ts'

export interface DoorListenerOptions {
  readonly doors: readonly Door[]
  readonly metrics: ServerMetrics
  readonly token: string | undefined
  readonly loopback: boolean
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

/**
 * Hands requests to the doors of other protocols, the rest to `next`. It works on Node's own request and response:
 * artifacts of gigabytes and thousands of log calls a second would pay for web streams and their objects.
 */
export function doorListener(options: DoorListenerOptions, next: Listener): Listener {
  const access = accessBy(options.token)
  return (request, response) => {
    const url = request.url ?? '/'
    const question = url.indexOf('?')
    const path = question === -1 ? url : url.slice(0, question)
    const door = options.doors.find((one) => one.opens(path))
    if (door === undefined) return next(request, response)
    const startedAt = performance.now()
    response.once('close', () => {
      const seconds = (performance.now() - startedAt) / 1000
      options.metrics.observe(request.method ?? 'GET', response.statusCode, seconds)
    })
    void answer(
      door,
      { request, response, path, query: question === -1 ? '' : url.slice(question) },
      { ...options, access },
    )
  }
}

async function answer(
  door: Door,
  {
    request,
    response,
    path,
    query,
  }: { request: IncomingMessage; response: ServerResponse; path: string; query: string },
  options: DoorListenerOptions & { readonly access: Access },
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  const { method = 'GET', headers } = request
  try {
    refuseForeign({ method, host: headers.host, origin: headers.origin }, options)
  } catch (error) {
    const refusal = { status: 403, headers: { 'content-type': 'text/plain' }, body: messageOf(error) }
    return send(response, refusal, method)
  }
  const answered = await door.answer({
    method,
    path,
    query: new URLSearchParams(query),
    header: (name) => headerOf(request, name),
    body: request,
    signal: gone.signal,
    caller: () =>
      authenticate(
        { authorization: headers.authorization, actor: headerOf(request, 'x-devmlops-actor') },
        options.access,
      ),
  } satisfies DoorRequest)
  await send(response, answered, method)
}

/** A client that still sends what was refused may only read the answer when it has sent it, or some of it. */
const lingerMs = 2000

async function send(
  response: ServerResponse,
  { status, headers, body }: DoorAnswer,
  method: string,
): Promise<void> {
  const isStream = typeof body !== 'string' && !(body instanceof Uint8Array)
  if (response.destroyed) {
    // Nobody reads it, so nobody else would close what it has open.
    if (isStream) await body[Symbol.asyncIterator]().return?.()
    return
  }
  response.writeHead(status, {
    ...securityHeaders,
    ...headers,
    ...(isStream || method === 'HEAD' ? {} : { 'content-length': Buffer.byteLength(body) }),
    ...(response.req.complete ? {} : { connection: 'close' }),
  })
  if (!isStream) {
    const last = method === 'HEAD' ? undefined : body
    if (response.req.complete) return void response.end(last)
    return endLater(response, last)
  }
  try {
    for await (const chunk of body) {
      await written(response, chunk)
      releaseChunk(chunk)
    }
    response.end()
  } catch {
    // The client went away, or the stream failed: then the connection is cut, so that a part is not taken for the whole.
    response.destroy()
  }
}

/** Resolves when the chunk has left the process; fails when the client is gone. */
function written(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('The client went away.'))
    if (response.destroyed) return gone()
    // The answer is told of its connection's end when a write that waits for it is not.
    response.once('close', gone)
    response.write(chunk, (error) => {
      response.off('close', gone)
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}

/** Sends the answer at once and ends when the request has ended: closing while it comes would lose the answer. */
function endLater(response: ServerResponse, body: string | Uint8Array | undefined): void {
  response.write(body ?? '')
  const end = (): void => {
    clearTimeout(linger)
    response.end()
  }
  const linger = setTimeout(end, lingerMs)
  response.req.once('end', end).once('close', end).resume()
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name.toLowerCase()]
  return Array.isArray(value) ? value.join(', ') : value
}
