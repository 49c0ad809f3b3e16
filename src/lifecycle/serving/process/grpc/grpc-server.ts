import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { BodyBudget } from '../http/body-budget.ts'
import type { TlsFiles, TlsPair } from '../http/tls-files.ts'
import { answerFailure, isGone } from './grpc-answer.ts'
import { failureOf, openCall, type GrpcFailure } from './grpc-call.ts'
import type { GrpcContext } from './grpc-context.ts'
import { grpcMethods } from './grpc-methods.ts'
import { acceptedEncodings, isAcceptedEncoding } from './message-frames.ts'
import { grpcStatus } from './status-code.ts'
import { answerStream } from './stream-infer.ts'
import { answerUnary } from './unary-call.ts'
import { answerWatch, shuttingDown } from './watch-call.ts'

export interface GrpcServerOptions extends Omit<GrpcContext, 'budget'> {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  readonly tls?: TlsFiles | undefined
}

export interface GrpcServer {
  readonly port: number
  /** Takes no new calls, lets those that have begun end, and cuts off what has not ended in time. */
  close(timeoutMs: number): Promise<void>
}

const settings = { maxConcurrentStreams: 1024, initialWindowSize: 1024 * 1024 }
const connectionWindowBytes = 4 * 1024 * 1024
/** As the HTTP server: a whole request within a minute. */
const requestTimeoutMs = 60_000
const sweepEveryMs = 5000
/** Of requests that are being read, over all calls. */
const messageBytes = 256 * 1024 * 1024

/**
 * gRPC on node:http2 itself: loading a package for it takes longer than everything else at the start of this process, and its
 * layers cost a prediction more than the model does. Fails with `port_in_use`.
 */
export async function startGrpcServer(options: GrpcServerOptions): Promise<GrpcServer> {
  const { tls } = options
  const server = tls === undefined ? createServer({ settings }) : secureServer(tls)
  const calls = openCalls({ ...options, budget: new BodyBudget(messageBytes) })
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.setLocalWindowSize(connectionWindowBytes)
    session.once('close', () => sessions.delete(session))
    session.on('error', () => undefined)
  })
  server.on('sessionError', () => undefined)
  server.on('stream', (stream, headers) => calls.receive(stream, headers))
  const port = await listen(server, options)
  let closing: Promise<void> | undefined
  return { port, close: (timeoutMs) => (closing ??= close({ server, calls, sessions }, timeoutMs)) }
}

function secureServer(tls: TlsFiles): Http2SecureServer {
  const pems = ({ certificate, key }: TlsPair) => ({ cert: certificate, key, minVersion: 'TLSv1.2' as const })
  const server = createSecureServer({ settings, ...pems(tls.current) })
  tls.onChange((pair) => server.setSecureContext(pems(pair)))
  return server
}

interface OpenCalls {
  receive(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void
  /** From now on calls are refused, and whoever watches or streams is told to go. */
  refuse(): void
  end(): void
}

function openCalls(context: GrpcContext): OpenCalls {
  const methods = grpcMethods(context.serving)
  /** How to end calls that would stay for as long as their clients like. */
  const staying = new Set<() => void>()
  /** Calls whose request is not there yet, by when they began. */
  const incoming = new Map<ServerHttp2Stream, number>()
  const sweep = setInterval(() => {
    const late = performance.now() - requestTimeoutMs
    for (const [stream, startedAt] of incoming) if (startedAt < late) stream.close()
  }, sweepEveryMs)
  sweep.unref()
  let refusing = false

  const refuse = (headers: IncomingHttpHeaders): void => {
    if (refusing) throw shuttingDown()
    if (isAcceptedEncoding(headers['grpc-encoding'])) return
    fail('unsupported_media_type', `Messages are read when they are compressed as ${acceptedEncodings}.`)
  }
  return {
    receive: (stream, headers) => {
      stream.on('error', () => undefined)
      if (!isGrpc(headers)) return notGrpc(stream)
      const method = methods.get(headers[':path'] ?? '')
      if (method === undefined) return answerFailure(stream, unknownMethod(headers))
      try {
        refuse(headers)
        const call = openCall(stream, headers)
        if (call.deadlineAt !== undefined) limitTime(context, stream, call.deadlineAt - call.startedAt)
        if (method.kind === 'unary') {
          incoming.set(stream, call.startedAt)
          stream.once('end', () => incoming.delete(stream))
          stream.once('close', () => incoming.delete(stream))
          return answerUnary(context, call, method)
        }
        const leave = method.kind === 'stream' ? answerStream(context, call) : answerWatch(context, call)
        staying.add(leave)
        stream.once('close', () => staying.delete(leave))
      } catch (error) {
        answerFailure(stream, failureOf(error, context.log))
      }
    },
    refuse: () => {
      refusing = true
      for (const leave of staying) leave()
    },
    end: () => clearInterval(sweep),
  }
}

function unknownMethod(headers: IncomingHttpHeaders): GrpcFailure {
  const details = `There is no method ${String(headers[':path']).slice(0, 200)}.`
  return { code: grpcStatus.unimplemented, details, httpStatus: 501, retryAfterMs: undefined }
}

function isGrpc(headers: IncomingHttpHeaders): boolean {
  return headers[':method'] === 'POST' && headers['content-type']?.startsWith('application/grpc') === true
}

function notGrpc(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 415 }, { endStream: true })
  stream.resume()
}

const longestTimerMs = 2 ** 31 - 1

function limitTime(context: GrpcContext, stream: ServerHttp2Stream, leftMs: number): void {
  if (leftMs > longestTimerMs) return
  const timer = setTimeout(() => {
    const error = new DevmlopsError('timed_out', 'The deadline of the call has passed.')
    if (isGone(stream)) stream.close()
    else answerFailure(stream, failureOf(error, context.log))
  }, leftMs)
  stream.once('close', () => clearTimeout(timer))
}

async function listen(server: Http2Server, { host, port }: GrpcServerOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      const text = isTaken ? 'is taken' : `cannot be used: ${messageOf(error)}`
      reject(
        new DevmlopsError(isTaken ? 'port_in_use' : 'internal', `Port ${port} of ${host} ${text}.`, {
          hint: 'Choose another with DEVMLOPS_GRPC_PORT, or switch gRPC off with DEVMLOPS_GRPC_PORT=off.',
        }),
      )
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null
    ? address.port
    : fail('internal', 'The gRPC server has no address.')
}

async function close(
  {
    server,
    calls,
    sessions,
  }: {
    readonly server: Http2Server
    readonly calls: OpenCalls
    readonly sessions: ReadonlySet<ServerHttp2Session>
  },
  timeoutMs: number,
): Promise<void> {
  calls.refuse()
  const ended = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  // Tells clients to open another connection; what they have sent is answered.
  for (const session of sessions) session.close()
  const cutOff = setTimeout(() => {
    for (const session of sessions) session.destroy()
  }, timeoutMs)
  await ended
  clearTimeout(cutOff)
  calls.end()
}
