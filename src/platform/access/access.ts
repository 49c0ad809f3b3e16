import { createHash, timingSafeEqual } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Caller, Permission } from '#contract/endpoint'
import { fail } from '#contract/errors'

const everything: ReadonlySet<Permission> = new Set<Permission>(['read', 'write', 'operate', 'admin'])

/** The person at this machine. Whoever can open the store's files may do everything with them. */
export function localCaller(): Caller {
  return { name: userInfo().username, permissions: everything }
}

/** A part of the program that acts by itself, such as `monitoring`. */
export function systemCaller(name: string): Caller {
  return { name: `system:${name}`, permissions: everything }
}

/**
 * Who sent a request. Without a configured token the server listens on loopback only, and its callers are this
 * machine's; with one, everybody must send it.
 */
export function authenticate(
  authorization: string | undefined,
  token: string | undefined,
  actor?: string,
): Caller {
  const name = actor !== undefined && /^[\w.@ -]{1,100}$/.test(actor) ? actor : undefined
  if (token === undefined) return name === undefined ? localCaller() : { name, permissions: everything }
  const sent = /^Bearer (.+)$/.exec(authorization ?? '')?.[1]
  if (sent === undefined || !sameSecret(sent, token)) {
    fail('unauthenticated', 'This server asks for a token.', {
      hint: 'Send `Authorization: Bearer <token>`.',
    })
  }
  return { name: name ?? 'token', permissions: everything }
}

export function sameSecret(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(left), hash(right))
}
