import type { IncomingMessage } from 'node:http'
import type { HttpAnswer } from './http-call.ts'

const longestCacheSeconds = 7200

/** What tells a browser that the page may read the answer: its own origin, exactly, or nothing. */
export function corsHeaders(
  origin: string | undefined,
  allowed: readonly string[],
): Readonly<Record<string, string>> {
  // Caches must know that the answer differs by origin, also for those that get none.
  if (origin === undefined || !allowed.includes(origin)) return { vary: 'origin' }
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'x-request-id, retry-after, ratelimit, ratelimit-policy',
    vary: 'origin',
  }
}

/** The question that a browser asks before a request that a plain form could not make; undefined when it is none. */
export function preflightAnswer(
  { method, headers }: IncomingMessage,
  allowed: readonly string[],
): HttpAnswer | undefined {
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return undefined
  if (allowed.length === 0) return undefined
  const { origin } = headers
  const isAllowed = origin !== undefined && allowed.includes(origin)
  return {
    status: 204,
    type: 'text/plain',
    body: '',
    headers: isAllowed
      ? {
          'access-control-allow-methods': 'GET, POST',
          'access-control-allow-headers':
            'authorization, content-type, traceparent, tracestate, x-api-key, x-request-id, x-devmlops-key, x-devmlops-log, x-devmlops-priority, x-devmlops-timeout',
          'access-control-max-age': String(longestCacheSeconds),
        }
      : {},
  }
}
