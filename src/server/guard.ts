import type { MiddlewareHandler } from 'hono'
import { fail } from '#contract/errors'

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Keeps web pages of other sites away from a server on loopback: a name that was re-bound to 127.0.0.1 fails at the Host
 * header, and a foreign page's write fails at its Origin. `Origin: null` is foreign too: any site can send it from a
 * sandboxed frame.
 */
export function guard({ loopback }: { loopback: boolean }): MiddlewareHandler {
  return async (context, next) => {
    const host = (context.req.header('host') ?? '').toLowerCase()
    const name = host.replace(/:\d+$/, '')
    if (loopback && !loopbackNames.has(name)) {
      fail(
        'permission_denied',
        `The Host header names "${name}", and this server answers on loopback only.`,
        {
          hint: 'Use http://127.0.0.1, or start the server with --host and a token.',
        },
      )
    }
    const origin = context.req.header('origin')
    const reads = context.req.method === 'GET' || context.req.method === 'HEAD'
    if (!reads && origin !== undefined && hostOf(origin) !== host) {
      fail('permission_denied', `A page of ${JSON.stringify(origin)} may not change anything here.`)
    }
    await next()
  }
}

/** On every answer, errors included. */
export function securityHeaders(): MiddlewareHandler {
  return async (context, next) => {
    await next()
    context.header('x-content-type-options', 'nosniff')
    context.header('x-frame-options', 'DENY')
    context.header('referrer-policy', 'same-origin')
    context.header(
      'content-security-policy',
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    )
  }
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
