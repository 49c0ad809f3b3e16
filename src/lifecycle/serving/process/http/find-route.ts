import type { IncomingMessage } from 'node:http'
import { DevmlopsError } from '#contract/errors'
import type { Log } from '#platform/log'
import { errorAnswer } from './error-answer.ts'
import type { HttpAnswer, Method, Protocol, Route, RouteTable } from './http-call.ts'

export interface FoundRoute {
  readonly route: Route | undefined
  readonly path: string
  /** Methods that the path does have, when it exists but not for this one. */
  readonly allowed: readonly string[] | undefined
}

export function findRoute(routes: RouteTable, { url = '/', method = 'GET' }: IncomingMessage): FoundRoute {
  const query = url.indexOf('?')
  const path = query === -1 ? url : url.slice(0, query)
  const entry = routes.get(path) ?? routes.get(decoded(path))
  const wanted = method === 'HEAD' ? 'GET' : method
  const route = entry !== undefined && Object.hasOwn(entry, wanted) ? entry[wanted as Method] : undefined
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

export function notRouted(
  log: Log,
  { method = '' }: IncomingMessage,
  { path, allowed }: FoundRoute,
): HttpAnswer {
  const protocol: Protocol = /^\/v[12]/.test(path)
    ? 'inference'
    : path.endsWith('/invocations')
      ? 'mlflow'
      : 'native'
  if (allowed !== undefined) {
    const error = new DevmlopsError('invalid_input', `${path} answers ${allowed.join(', ')}, not ${method}.`)
    return { ...errorAnswer(protocol, error, log), status: 405, headers: { allow: allowed.join(', ') } }
  }
  const error = new DevmlopsError('not_found', `There is nothing at ${path.slice(0, 200)}.`, {
    hint: 'GET /v2/models lists the deployments.',
  })
  return errorAnswer(protocol, error, log)
}
