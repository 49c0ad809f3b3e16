import { DevmlopsError, errorTable, messageOf, toProblem, type ErrorCode } from '#contract/errors'
import type { Log } from '#platform/log'
import { Refusal } from '../access/refusal.ts'
import type { HttpAnswer, Protocol } from './http-call.ts'

const mlflowCodes: Partial<Record<ErrorCode, string>> = {
  not_found: 'RESOURCE_DOES_NOT_EXIST',
  invalid_input: 'INVALID_PARAMETER_VALUE',
  unauthenticated: 'UNAUTHENTICATED',
  permission_denied: 'PERMISSION_DENIED',
  not_ready: 'TEMPORARILY_UNAVAILABLE',
  overloaded: 'TEMPORARILY_UNAVAILABLE',
  timed_out: 'DEADLINE_EXCEEDED',
  cancelled: 'CANCELLED',
  rate_limited: 'REQUEST_LIMIT_EXCEEDED',
  payload_too_large: 'BAD_REQUEST',
  unsupported_media_type: 'BAD_REQUEST',
}

/** An error as its protocol writes it. What was not foreseen is logged and answered without its inner details. */
export function errorAnswer(protocol: Protocol, error: unknown, log: Log): HttpAnswer {
  const known = foreseen(error, log)
  const { status } = errorTable[known.code]
  const headers = headersOf(known, status)
  if (protocol === 'native') {
    return { status, type: 'application/problem+json', body: JSON.stringify(toProblem(known)), ...headers }
  }
  const text = known.hint === undefined ? known.message : `${known.message} ${known.hint}`
  if (protocol === 'inference')
    return { status, type: 'application/json', body: JSON.stringify({ error: text }), ...headers }
  if (status === 415) return { status, type: 'text/plain', body: text }
  const body = JSON.stringify({ error_code: mlflowCodes[known.code] ?? 'INTERNAL_ERROR', message: text })
  return { status, type: 'application/json', body, ...headers }
}

function headersOf(error: DevmlopsError, status: number): Pick<HttpAnswer, 'headers'> {
  if (error instanceof Refusal) return { headers: error.headers }
  return status === 429 || status === 503 ? { headers: { 'retry-after': '1' } } : {}
}

/** The error that a client is told: its own, or, for one that nobody foresaw, that there is a fault, which the log names. */
export function foreseen(error: unknown, log: Log): DevmlopsError {
  if (error instanceof DevmlopsError && error.code !== 'internal') return error
  log.error(
    { error: messageOf(error), stack: error instanceof Error ? error.stack : undefined },
    'A request failed',
  )
  return new DevmlopsError(
    'internal',
    'The request could not be answered because of a fault in the server.',
    {
      hint: 'The log of the serving process says more.',
    },
  )
}
