import type { IncomingHttpHeaders } from 'node:http'
import { fail } from '#contract/errors'
import type { RequestTarget } from '../access/access.ts'
import type { Admission } from '../access/known-key.ts'
import { parentOf } from '../tracing/trace-parent.ts'
import type { RequestTrace } from '../tracing/tracing.ts'
import { readDatetime } from '../rows/cell-value.ts'
import type { VariantMetrics } from '../metrics.ts'

/** One HTTP request whose body has arrived. */
export interface HttpCall {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** From `performance.now()`. */
  readonly startedAt: number
  /** Where the outcome is counted; a handler sets it as soon as it knows the variant. */
  metrics: readonly VariantMetrics[]
  /** Whose key the call came with; set by whoever admits it. */
  caller: string | undefined
  /** What it was let in with. */
  admission?: Admission | undefined
  /** Where its time goes is written down; undefined for a request that is not traced. */
  trace?: RequestTrace | undefined
  /** Where the answer goes; when it is gone, nobody waits for it. */
  readonly connection?: { readonly destroyed: boolean } | undefined
}

export interface HttpAnswer {
  readonly status: number
  readonly type: string
  readonly body: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** How errors are written: each protocol has its own form. */
export type Protocol = 'inference' | 'mlflow' | 'native'

export interface Route {
  readonly protocol: Protocol
  readonly bodyBytes: number
  /** Asked before the body is read. */
  readonly admit?: (
    headers: IncomingHttpHeaders,
    connection?: object,
    target?: RequestTarget,
  ) => Admission | void
  /** Asked before the body is read: fails when the request would be turned away after it. */
  readonly shed?: (headers: IncomingHttpHeaders) => void
  /** Where a request is counted that does not come as far as its handler. */
  readonly metrics?: () => VariantMetrics
  handle(call: HttpCall): HttpAnswer | Promise<HttpAnswer>
}

export type Method = 'GET' | 'POST' | 'PUT'
export type RouteTable = ReadonlyMap<string, Partial<Record<Method, Route>>>

export function jsonAnswer(body: string, status = 200): HttpAnswer {
  return { status, type: 'application/json', body }
}

/** The trace id of a W3C Trace Context header; a malformed one is ignored, as the specification wants. */
export function traceIdOf(headers: IncomingHttpHeaders): string | undefined {
  return headers['traceparent'] === undefined ? undefined : parentOf(headers)?.traceId
}

export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? checkedText(value, `header ${name}`) : undefined
}

const longestText = 256

/** An id or a key: text or a whole number, not empty, at most 256 characters. Undefined and null are none. */
export function optionalText(value: unknown, at: string): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value)
  if (typeof value === 'string') return checkedText(value, at)
  if (typeof value === 'bigint') return checkedText(String(value), at)
  return fail('invalid_input', `${at} is not text.`, { at })
}

export function optionalTime(value: unknown, at: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const time = readDatetime(value)
  return typeof time === 'number' ? time : fail('invalid_input', `${at}: ${time}.`, { at })
}

function checkedText(value: string, at: string): string {
  if (value.length >= 1 && value.length <= longestText) return value
  return fail('invalid_input', `${at} has ${value.length} characters; 1 to ${longestText} are allowed.`, {
    at,
  })
}

export function objectOf(value: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  return fail('invalid_input', `${at} is not a JSON object.`, { at })
}
