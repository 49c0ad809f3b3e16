import { createHash, timingSafeEqual } from 'node:crypto'
import { userInfo } from 'node:os'
import type { Caller, Permission } from '#contract/endpoint'
import { fail } from '#contract/errors'

const everything: ReadonlySet<Permission> = new Set<Permission>(['read', 'write', 'operate', 'admin'])

/** The person at this machine. Whoever can open the store's files may do everything with them. */
export function localCaller(): Caller {
  return { name: localName(), permissions: everything }
}

/** A part of the program that acts by itself, such as `monitoring`. */
export function systemCaller(name: string): Caller {
  return { name: `system:${name}`, permissions: everything }
}

export interface Credentials {
  /** The header of this name. */
  readonly authorization: string | undefined
  /** The header `x-devmlops-actor`. */
  readonly actor: string | undefined
}

/** Whom a server lets in. */
export interface Access {
  readonly token: string | undefined
  /** Looked up once: the operating system reads a file for it. */
  readonly local: Caller
}

export function accessBy(token: string | undefined): Access {
  return { token, local: localCaller() }
}

/**
 * Who sent a request. Without a configured token the server listens on loopback only, and its callers are this
 * machine's; with one, everybody must send it.
 *
 * A caller may add a name, which nobody can check as long as all share one token. So it never replaces what the server
 * knows, but stands behind it: `token/ann`, `root/nightly`.
 */
export function authenticate({ authorization, actor }: Credentials, access: Access): Caller {
  const { token, local } = access
  const claimed = actor !== undefined && /^[\w.@ -]{1,100}$/.test(actor) ? `/${actor}` : ''
  if (token === undefined) return claimed === '' ? local : { ...local, name: `${local.name}${claimed}` }
  const sent = secretOf(authorization ?? '')
  if (sent === undefined || !sameSecret(sent, token)) {
    fail(
      'unauthenticated',
      sent === undefined ? 'This server asks for a token.' : 'The token is not the one of this server.',
      {
        hint: 'Send `Authorization: Bearer <token>`; the command line takes it from DEVMLOPS_TOKEN.',
      },
    )
  }
  return { name: `token${claimed}`, permissions: everything }
}

/** A bearer token, or the password of Basic, which is what clients of other tools can be told to send. */
function secretOf(authorization: string): string | undefined {
  const bearer = /^Bearer +(.+)$/i.exec(authorization)?.[1]
  if (bearer !== undefined) return bearer
  const basic = /^Basic +([A-Za-z0-9+/=]+)$/i.exec(authorization)?.[1]
  return basic === undefined ? undefined : /:(.*)$/s.exec(Buffer.from(basic, 'base64').toString())?.[1]
}

/** Compares in a time that tells nothing about where the two differ. */
export function sameSecret(left: string, right: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(left), hash(right))
}

/** A container may run under a number that has no user. */
function localName(): string {
  try {
    return userInfo().username
  } catch {
    return `uid:${process.getuid?.() ?? 'unknown'}`
  }
}
