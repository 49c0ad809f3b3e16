import { fail } from '#contract/errors'
import type { RequestTrace } from '../tracing/tracing.ts'
import { headerText, optionalText, optionalTime, traceIdOf, type HttpCall } from '../http/http-call.ts'

/** What holds for all rows of a request, in every protocol. */
export interface CallFacts {
  /** From `performance.now()`. */
  readonly startedAt: number
  /** What may choose a variant, or stick to one, stands there. */
  readonly headers: HttpCall['headers']
  readonly traceId: string | undefined
  /** Whose key it came with. */
  readonly caller: string | undefined
  /** What the rows are routed by, and what they are about; a protocol may say both for each row instead. */
  readonly key: string | undefined
  readonly eventTime: number | undefined
  /** 1 goes first, higher numbers later; 0 is the default, after all that have one. As Triton's schedule policy. */
  readonly priority: number
  /** In the time of `performance.now()`: nobody waits for the answer after it. */
  readonly deadlineAt: number | undefined
  /** Where its time goes is written down; undefined for a request that is not traced. */
  readonly trace: RequestTrace | undefined
  /** When it is gone, nobody waits for the answer. */
  readonly connection: { readonly destroyed: boolean } | undefined
  /** The client asked for an answer that is on disk first, whatever the deployment's log says. */
  readonly durable: boolean
}

/** The same with what the client said about each row, by position in the request. */
export interface RequestFacts extends CallFacts {
  readonly requestId: string
  id(position: number): string
  keyOf(position: number): string | undefined
  eventTimeOf(position: number): number | undefined
}

/** For a protocol that has one id for all rows: it is the row's own when there is one, and `<id>:<row>` otherwise. */
export function oneIdForAll(facts: CallFacts, id: string, rows: number): RequestFacts {
  return {
    ...facts,
    requestId: id,
    id: (position) => (rows === 1 ? id : `${id}:${position}`),
    keyOf: () => facts.key,
    eventTimeOf: () => facts.eventTime,
  }
}

const highestPriority = 0xffff_ffff

/**
 * Reads the headers `x-devmlops-key`, `x-devmlops-priority`, `x-devmlops-timeout` (milliseconds), `x-devmlops-log`
 * (`before_answer`) and `traceparent`, and the request parameters `key`, `event_time`, `priority`, `timeout` (microseconds,
 * as Triton has it) and `log` of protocols that have parameters, which win.
 */
export function callFacts(call: HttpCall, parameters: Readonly<Record<string, unknown>> = {}): CallFacts {
  const { headers, startedAt, caller, connection, trace } = call
  const timeoutMs =
    parameters['timeout'] === undefined
      ? whole(headerText(headers, 'x-devmlops-timeout'), 'header x-devmlops-timeout')
      : (whole(parameters['timeout'], 'parameters.timeout') ?? 0) / 1000
  const log = parameters['log'] ?? headerText(headers, 'x-devmlops-log')
  return {
    startedAt,
    headers,
    caller,
    connection,
    trace,
    traceId: traceIdOf(headers),
    key: optionalText(parameters['key'], 'parameters.key') ?? headerText(headers, 'x-devmlops-key'),
    eventTime: optionalTime(parameters['event_time'], 'parameters.event_time'),
    priority:
      whole(parameters['priority'], 'parameters.priority') ??
      whole(headerText(headers, 'x-devmlops-priority'), 'header x-devmlops-priority') ??
      0,
    // 0 is Triton's word for no limit.
    deadlineAt: timeoutMs === undefined || timeoutMs === 0 ? undefined : startedAt + timeoutMs,
    durable: log === undefined ? false : readLog(log),
  }
}

function readLog(value: unknown): boolean {
  if (value === 'before_answer') return true
  return fail('invalid_input', 'log is not "before_answer", which is all that a request may ask for.', {
    at: 'log',
  })
}

function whole(value: unknown, at: string): number | undefined {
  if (value === undefined || value === null) return undefined
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value
  if (Number.isInteger(number) && (number as number) >= 0 && (number as number) <= highestPriority)
    return number as number
  return fail('invalid_input', `${at} is not a whole number from 0 to ${highestPriority}.`, { at })
}
