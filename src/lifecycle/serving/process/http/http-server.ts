import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { DevmlopsError, fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Log } from '#platform/log'
import { countAnswer, countFailure } from '../metrics/count-call.ts'
import { errorAnswer } from './error-answer.ts'
import type { HttpAnswer, HttpCall, Method, Protocol, Route, RouteTable } from './http-call.ts'

export interface HttpServerOptions {
  readonly log: Log
  readonly clock: Clock
  /** Asked for every request, because a new plan brings new routes. */
  routes(): RouteTable
  /** While true every answer asks the client to leave, so that load balancers and keep-alive clients move on. */
  draining(): boolean
}

/**
 * Slow clients: headers within 20 s, a whole request within 60 s. Idle connections stay longer than the 60 s after which
 * common load balancers close theirs, because whoever closes first loses requests.
 */
const timeouts = {
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 75_000,
  connectionsCheckingInterval: 5_000,
}

/** A node:http server with a table of exact paths: no framework, because most of a prediction's time is spent here. */
export function createHttpServer(options: HttpServerOptions): Server {
  const server = createServer({ ...timeouts, noDelay: true }, (request, response) =>
    receive(options, request, response),
  )
  server.on('checkContinue', (request, response) => {
    // The client waits for leave to send its body: a body that is too large need never be sent.
    const { route } = findRoute(options.routes(), request)
    if (route !== undefined && Number(request.headers['content-length']) <= route.bodyBytes)
      response.writeContinue()
    receive(options, request, response)
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? '408 Request Timeout' : '400 Bad Request'
    const body = JSON.stringify({
      error: status === '400 Bad Request' ? 'This is not HTTP.' : 'The request took too long to arrive.',
    })
    socket.end(
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  })
  return server
}

function receive(options: HttpServerOptions, request: IncomingMessage, response: ServerResponse): void {
  const startedAt = performance.now()
  const found = findRoute(options.routes(), request)
  const { route } = found
  if (route === undefined) {
    request.resume()
    return send(options, response, notRouted(options, request, found))
  }
  try {
    route.admit?.(request.headers)
    refuseEncoded(request)
  } catch (error) {
    request.resume()
    return send(options, response, errorAnswer(route.protocol, error, options.log))
  }
  if (request.method === 'GET' || request.method === 'HEAD') {
    request.resume()
    void answer(options, { route, call: newCall(request, Buffer.alloc(0), startedAt) }, response)
    return
  }
  readBody(request, route.bodyBytes, (body) => {
    if (body !== undefined) void answer(options, { route, call: newCall(request, body, startedAt) }, response)
    else refuseTooLarge(options, { request, response }, route)
  })
}

function newCall(request: IncomingMessage, body: Buffer, startedAt: number): HttpCall {
  return {
    headers: request.headers,
    body,
    startedAt,
    metrics: [],
    caller: undefined,
    connection: request.socket,
  }
}

async function answer(
  options: HttpServerOptions,
  { route, call }: { readonly route: Route; readonly call: HttpCall },
  response: ServerResponse,
): Promise<void> {
  let result: HttpAnswer
  try {
    result = await route.handle(call)
  } catch (error) {
    result = errorAnswer(route.protocol, error, options.log)
    countFailure(call, error, options.clock.now())
  }
  countAnswer(call, result.status)
  send(options, response, result)
}

function send(options: HttpServerOptions, response: ServerResponse, result: HttpAnswer): void {
  if (response.destroyed || response.headersSent) return
  const headers: Record<string, string | number> = {
    'content-type': result.type,
    'content-length': Buffer.byteLength(result.body),
  }
  if (result.headers !== undefined) Object.assign(headers, result.headers)
  if (options.draining()) headers['connection'] = 'close'
  response.writeHead(result.status, headers)
  response.end(result.body)
}

/** Hands over the whole body, or undefined as soon as it is longer than allowed. Says nothing when the client goes away. */
function readBody(
  request: IncomingMessage,
  limitBytes: number,
  done: (body: Buffer | undefined) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return done(undefined)
  const chunks: Buffer[] = []
  let length = 0
  let refused = false
  request.on('data', (chunk: Buffer) => {
    if (refused) return
    length += chunk.length
    if (length > limitBytes) {
      refused = true
      chunks.length = 0
      return done(undefined)
    }
    chunks.push(chunk)
  })
  request.on('end', () => {
    if (!refused) done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, length))
  })
  request.on('error', () => undefined)
}

/** How long a client that sends too much may go on, so that it reads the answer instead of a reset connection. */
const lingerMs = 1_000

function refuseTooLarge(
  options: HttpServerOptions,
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  route: Route,
): void {
  if (response.destroyed) return
  const error = new DevmlopsError('payload_too_large', `The body is larger than ${route.bodyBytes} bytes.`, {
    hint: 'Send fewer rows per request, or raise limits.bodyBytes of the deployment.',
  })
  const { status, type, body, headers } = errorAnswer(route.protocol, error, options.log)
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(body),
    ...headers,
    connection: 'close',
  })
  // The whole answer, but not its end: with that, node:http closes the socket while the client still sends.
  response.write(body)
  request.resume()
  const end = (): void => {
    clearTimeout(linger)
    response.end()
  }
  const linger = setTimeout(end, lingerMs)
  request.once('close', end)
}

function refuseEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  fail('unsupported_media_type', `The body is encoded as "${encoding}"; it must not be compressed.`)
}

interface FoundRoute {
  readonly route: Route | undefined
  readonly path: string
  /** Methods that the path does have, when it exists but not for this one. */
  readonly allowed: readonly string[] | undefined
}

function findRoute(routes: RouteTable, { url = '/', method = 'GET' }: IncomingMessage): FoundRoute {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  const entry = routes.get(path) ?? routes.get(decoded(path))
  const route = entry?.[(method === 'HEAD' ? 'GET' : method) as Method]
  return { route, path, allowed: entry === undefined || route !== undefined ? undefined : Object.keys(entry) }
}

/** Names need no escapes, but some clients escape all the same. */
function decoded(path: string): string {
  if (!path.includes('%')) return path
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

function notRouted(
  options: HttpServerOptions,
  request: IncomingMessage,
  { path, allowed }: FoundRoute,
): HttpAnswer {
  const protocol: Protocol = path.startsWith('/v2')
    ? 'inference'
    : path.endsWith('/invocations')
      ? 'mlflow'
      : 'native'
  if (allowed !== undefined) {
    const error = new DevmlopsError(
      'invalid_input',
      `${path} answers ${allowed.join(', ')}, not ${request.method ?? ''}.`,
    )
    return {
      ...errorAnswer(protocol, error, options.log),
      status: 405,
      headers: { allow: allowed.join(', ') },
    }
  }
  const error = new DevmlopsError('not_found', `There is nothing at ${path.slice(0, 200)}.`, {
    hint: 'GET /v2/models lists the deployments.',
  })
  return errorAnswer(protocol, error, options.log)
}
