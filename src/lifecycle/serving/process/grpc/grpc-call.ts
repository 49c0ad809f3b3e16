import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import { errorTable, fail, type DevmlopsError } from '#contract/errors'
import type { Log } from '#platform/log'
import { Refusal } from '../access/refusal.ts'
import { foreseen } from '../http/error-answer.ts'
import type { HttpCall } from '../http/http-call.ts'
import { grpcStatus, statusOf, type GrpcStatus } from './status-code.ts'

/** One call: its stream, and its metadata as headers. */
export interface GrpcCall {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
  /** From `performance.now()`. */
  readonly startedAt: number
  /** In the same time, by `grpc-timeout`. */
  readonly deadlineAt: number | undefined
}

export function openCall(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): GrpcCall {
  const startedAt = performance.now()
  const timeoutMs = timeoutOf(headers['grpc-timeout'])
  if (timeoutMs !== undefined) tellTimeout(headers, timeoutMs)
  const deadlineAt = timeoutMs === undefined ? undefined : startedAt + timeoutMs
  return { stream, headers, startedAt, deadlineAt }
}

/**
 * A message as everything behind the protocols knows requests: metadata are its headers, the message its body, which may be
 * replaced by what it decompresses to.
 */
export function httpCallOf(
  { stream, headers }: GrpcCall,
  body: Buffer,
  startedAt: number,
): HttpCall & { body: Buffer } {
  return { headers, body, startedAt, metrics: [], caller: undefined, connection: stream }
}

const unitMs: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 0.001,
  n: 0.000001,
}

/** Milliseconds of a `grpc-timeout` header. */
function timeoutOf(header: unknown): number | undefined {
  if (typeof header !== 'string') return undefined
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? []
  if (digits === undefined || unit === undefined)
    return fail(
      'invalid_input',
      `The header grpc-timeout is "${header.slice(0, 20)}"; digits and a unit are expected.`,
    )
  return Number(digits) * (unitMs[unit] as number)
}

const timeoutHeader = 'x-devmlops-timeout'
const longestTimeoutMs = 0xffff_ffff

/** The sooner of `grpc-timeout` and our own header counts; a header of 0 means none. */
function tellTimeout(headers: IncomingHttpHeaders, timeoutMs: number): void {
  const own = Number(headers[timeoutHeader] ?? 0)
  const milliseconds = Math.max(1, Math.ceil(timeoutMs))
  if (milliseconds > longestTimeoutMs || (own > 0 && own <= milliseconds)) return
  headers[timeoutHeader] = String(milliseconds)
}

/** What the client is told when a call fails. */
export interface GrpcFailure {
  readonly code: GrpcStatus
  readonly details: string
  /** The same in the words of HTTP, for what is counted. */
  readonly httpStatus: number
  /** When asking again may help. */
  readonly retryAfterMs: number | undefined
}

/** Details travel as a header, which has a limit. */
const longestDetails = 1000

export function failureOf(error: unknown, log: Log): GrpcFailure {
  const known = foreseen(error, log)
  const text = known.hint === undefined ? known.message : `${known.message} ${known.hint}`
  const code = statusOf[known.code]
  return {
    code,
    // A character cut in half cannot be written in a header.
    details: text.slice(0, longestDetails).toWellFormed(),
    httpStatus: errorTable[known.code].status,
    retryAfterMs: retryAfterMs(known, code),
  }
}

function retryAfterMs(error: DevmlopsError, code: GrpcStatus): number | undefined {
  const seconds = error instanceof Refusal ? error.headers['retry-after'] : undefined
  if (seconds !== undefined) return Number(seconds) * 1000
  return code === grpcStatus.unavailable || error.code === 'rate_limited' ? 1000 : undefined
}
