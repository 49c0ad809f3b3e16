import type { MiddlewareHandler } from 'hono'
import { fail } from '#contract/errors'

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])

export interface GuardedRequest {
  readonly method: string
  readonly host: string | undefined
  readonly origin: string | undefined
}

/**
 * Keeps web pages of other sites away from a server on loopback: a name that was re-bound to 127.0.0.1 fails at the Host
 * header, and a foreign page's write fails at its Origin. `Origin: null` is foreign too: any site can send it from a
 * sandboxed frame.
 */
export function refuseForeign(request: GuardedRequest, { loopback }: { loopback: boolean }): void {
  const host = (request.host ?? '').toLowerCase()
  const name = host.replace(/:\d+$/, '')
  if (loopback && !loopbackNames.has(name)) {
    fail('permission_denied', `The Host header names "${name}", and this server answers on loopback only.`, {
      hint: 'Use http://127.0.0.1, or start the server with --host and a token.',
    })
  }
  const { origin } = request
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (!reads && origin !== undefined && hostOf(origin) !== host) {
    fail('permission_denied', `A page of ${JSON.stringify(origin)} may not change anything here.`)
  }
}

export function guard(options: { loopback: boolean }): MiddlewareHandler {
  return async (context, next) => {
    const { method } = context.req
    refuseForeign({ method, host: context.req.header('host'), origin: context.req.header('origin') }, options)
    await next()
  }
}

/** On every answer, errors included. */
export const securityHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'content-security-policy':
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
} as const

export function withSecurityHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next()
    for (const [name, value] of Object.entries(securityHeaders)) context.header(name, value)
  }
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
