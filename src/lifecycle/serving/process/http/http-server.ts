import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { DevmlopsError, fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Log } from '#platform/log'
import type { Access } from '../access/access.ts'
import type { ServingMetrics } from '../metrics.ts'
import { countAnswer, countFailure } from '../metrics/count-call.ts'
import type { Tracing } from '../tracing/tracing.ts'
import { bodiesFull, BodyBudget } from './body-budget.ts'
import { preflightAnswer } from './cors.ts'
import { errorAnswer } from './error-answer.ts'
import { findRoute, notRouted } from './find-route.ts'
import type { HttpAnswer, HttpCall, Route, RouteTable } from './http-call.ts'
import { readBody, type UnreadBody } from './read-body.ts'
import type { TlsFiles, TlsPair } from './tls-files.ts'
import { sendAnswer, sendEarly, type AnswerTerms, type Exchange } from './send-answer.ts'

export interface HttpServerOptions {
  readonly log: Log
  readonly clock: Clock
  readonly access: Pick<Access, 'plan'>
  readonly metrics: ServingMetrics
  readonly limits?: Partial<HttpLimits> | undefined
  readonly tracing?: Tracing | undefined
  /** Plain HTTP when it is left out. */
  readonly tls?: TlsFiles | undefined
  /** Asked for every request, because a new plan brings new routes. */
  routes(): RouteTable
  /** While true every answer asks the client to leave, so that load balancers and keep-alive clients move on. */
  draining(): boolean
}

export interface HttpLimits {
  readonly connections: number
  /** Of headers together. */
  readonly headerBytes: number
  readonly headersMs: number
  /** For a whole request to arrive. */
  readonly requestMs: number
  /** For an answer to be read. */
  readonly unreadMs: number
  /** Of bodies in memory over all connections. */
  readonly bodyBytes: number
  readonly checkEveryMs: number
}

const defaultLimits: HttpLimits = {
  connections: 10_000,
  headerBytes: 16 * 1024,
  headersMs: 20_000,
  requestMs: 60_000,
  unreadMs: 30_000,
  bodyBytes: 256 * 1024 * 1024,
  checkEveryMs: 5_000,
}

/**
 * Idle connections stay longer than the 60 s after which common load balancers close theirs, because whoever closes first
 * loses requests.
 */
const keepAliveMs = 75_000

/** What is the same for all requests of a server. */
interface Serving extends HttpServerOptions {
  readonly budget: BodyBudget
  readonly unreadMs: number
}

/** A node:http server with a table of exact paths: no framework, because most of a prediction's time is spent here. */
export function createHttpServer(options: HttpServerOptions): Server {
  const limits = { ...defaultLimits, ...options.limits }
  const settings: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: limits.checkEveryMs,
    maxHeaderSize: limits.headerBytes,
    noDelay: true,
  }
  const budget = new BodyBudget(limits.bodyBytes)
  options.metrics.bodyBytes = () => budget.heldBytes
  const serving = { ...options, budget, unreadMs: limits.unreadMs }
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    receive(serving, { request, response })
  const { tls } = options
  const server = tls === undefined ? createServer(settings, listener) : secureServer(tls, settings, listener)
  server.maxConnections = limits.connections
  server.on('connection', (socket) => {
    options.metrics.connections++
    socket.once('close', () => options.metrics.connections--)
  })
  server.on('checkContinue', (request, response) => {
    // The client waits for leave to send its body: a body that is too large need never be sent.
    const { route } = findRoute(options.routes(), request)
    if (route !== undefined && Number(request.headers['content-length']) <= route.bodyBytes)
      response.writeContinue()
    receive(serving, { request, response })
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
    const [status, text] = clientErrors[error.code ?? ''] ?? ['400 Bad Request', 'This is not HTTP.']
    const body = JSON.stringify({ error: text })
    socket.end(
      `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
  })
  return server
}

function secureServer(tls: TlsFiles, settings: ServerOptions, listener: RequestListener): Server {
  const server = createSecureServer({ ...settings, ...secureSettings, ...pemsOf(tls.current) }, listener)
  // Connections that are open stay as they are; new ones get the new certificate.
  tls.onChange((pair) => server.setSecureContext({ ...secureSettings, ...pemsOf(pair) }))
  return server
}

const secureSettings = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const

function pemsOf({ certificate, key }: TlsPair): { cert: Buffer; key: Buffer } {
  return { cert: certificate, key }
}

const clientErrors: Readonly<Record<string, readonly [string, string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request took too long to arrive.'],
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than the limit.'],
}

function receive(serving: Serving, exchange: Exchange): void {
  const startedAt = performance.now()
  const { request } = exchange
  const found = findRoute(serving.routes(), request)
  const { route } = found
  if (route === undefined) {
    request.resume()
    const result =
      preflightAnswer(request, serving.access.plan.cors) ?? notRouted(serving.log, request, found)
    return sendAnswer(exchange, result, termsOf(serving))
  }
  const call = newCall(request, startedAt)
  if (serving.tracing !== undefined) call.trace = serving.tracing.begin(request.headers)
  try {
    admit(route, call, request)
    route.shed?.(request.headers)
  } catch (error) {
    request.resume()
    return refuse(serving, exchange, { route, call, error })
  }
  if (request.method === 'GET' || request.method === 'HEAD') {
    request.resume()
    void answer(serving, exchange, { route, call })
    return
  }
  const { budget } = serving
  let isRead = false
  readBody(request, { limitBytes: route.bodyBytes, budget }, (body) => {
    isRead = true
    if (typeof body === 'string') return refuseBody(serving, exchange, { route, call, body })
    call.body = body
    call.trace?.parts.push({ name: 'read', startAt: startedAt, endAt: performance.now() })
    void answer(serving, exchange, { route, call }).finally(() => budget.give(body.length))
  })
  if (call.admission !== undefined && !isRead) {
    // Whoever goes away while it sends must not count as a request that is under way.
    request.once('close', () => {
      if (!isRead) call.admission?.release()
    })
  }
}

function admit(route: Route, call: HttpCall, request: IncomingMessage): void {
  refuseEncoded(request)
  const admission = route.admit?.(request.headers, request.socket, request)
  if (admission === undefined) return
  call.admission = admission
  call.caller = admission.caller
}

function newCall(request: IncomingMessage, startedAt: number): HttpCall & { body: Buffer } {
  return {
    headers: request.headers,
    body: noBody,
    startedAt,
    metrics: [],
    caller: undefined,
    admission: undefined,
    connection: request.socket,
  }
}

const noBody = Buffer.alloc(0)

interface Answering {
  readonly route: Route
  readonly call: HttpCall
}

async function answer(serving: Serving, exchange: Exchange, { route, call }: Answering): Promise<void> {
  const { metrics, log, clock } = serving
  metrics.requestsInFlight++
  let result: HttpAnswer
  try {
    call.admission?.checkBody?.(call.body)
    result = await route.handle(call)
  } catch (error) {
    result = errorAnswer(route.protocol, error, log)
    countFailure(call, error, clock.now())
  }
  metrics.requestsInFlight--
  call.admission?.release()
  count(serving, call, result.status)
  sendAnswer(exchange, result, termsOf(serving, call))
  if (call.trace !== undefined) endTrace(serving, exchange, { call, status: result.status })
}

function endTrace(
  { tracing }: Serving,
  { request }: Exchange,
  { call, status }: { readonly call: HttpCall; readonly status: number },
): void {
  const { trace, headers, startedAt, metrics, caller } = call
  if (trace === undefined) return
  const { method = '', url = '' } = request
  const [path = ''] = url.split('?', 1)
  tracing?.end({
    trace,
    headers,
    startedAt,
    name: `${method} ${path}`,
    status,
    attributes: {
      'http.request.method': method,
      'http.route': path,
      'url.path': path,
      ...(metrics[0] === undefined
        ? {}
        : { 'devmlops.deployment': metrics[0].deployment, 'devmlops.variant': metrics[0].variant }),
      ...(caller === undefined ? {} : { 'devmlops.caller': caller }),
    },
  })
}

/** Answers a request that was not let in; its body is read and dropped. */
function refuse(
  serving: Serving,
  exchange: Exchange,
  { route, call, error }: Answering & { readonly error: unknown },
): void {
  const result = errorAnswer(route.protocol, error, serving.log)
  call.admission?.release()
  if (route.metrics !== undefined) call.metrics = [route.metrics()]
  countFailure(call, error, serving.clock.now())
  count(serving, call, result.status)
  const length = Number(exchange.request.headers['content-length'] ?? Infinity)
  // Reading a small body is cheaper than a new connection.
  if (length <= 64 * 1024) sendAnswer(exchange, result, termsOf(serving, call))
  else sendEarly(exchange, result, termsOf(serving, call))
}

function refuseBody(
  serving: Serving,
  exchange: Exchange,
  { route, call, body }: Answering & { readonly body: UnreadBody },
): void {
  const error =
    body === 'no_room'
      ? bodiesFull()
      : new DevmlopsError('payload_too_large', `The body is larger than ${route.bodyBytes} bytes.`, {
          hint: 'Send fewer rows per request, or raise limits.body of the deployment.',
        })
  call.admission?.release()
  if (route.metrics !== undefined) call.metrics = [route.metrics()]
  countFailure(call, error, serving.clock.now())
  const result = errorAnswer(route.protocol, error, serving.log)
  count(serving, call, result.status)
  sendEarly(exchange, result, termsOf(serving, call))
}

function count({ metrics }: Serving, call: HttpCall, status: number): void {
  countAnswer(call, status)
  if (call.caller !== undefined) metrics.callers.count(call.caller, status)
}

function termsOf({ draining, access, unreadMs }: Serving, call?: HttpCall): AnswerTerms {
  return { close: draining(), cors: access.plan.cors, unreadMs, extraHeaders: call?.admission?.headers }
}

function refuseEncoded({ headers }: IncomingMessage): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  fail('unsupported_media_type', `The body is encoded as "${encoding}"; it must not be compressed.`)
}
