import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { fail } from '#contract/errors'
import type { Clock } from '#platform/clock'
import { keyIdOf } from '../../access-keys/key-secret.ts'
import type { AccessPlan, Scope } from '../../deployment/access.ts'
import { SignatureCheck } from './signature-check.ts'
import { anonymous, fromThePage, KnownKey, type Admission } from './known-key.ts'

export interface AccessOptions {
  /** Only whoever is on this machine can reach the process. */
  readonly isLoopback: boolean
  /** DEVMLOPS_TOKEN; undefined when it is not set. */
  readonly callerToken: string | undefined
  /** Of the control side, which also asks in the name of whoever looks at the page. */
  readonly controlToken?: string | undefined
  readonly clock: Clock
}

export interface RequestTarget {
  readonly method?: string | undefined
  readonly url?: string | undefined
}

/** What a request brings to be let in by. */
export interface Credentials {
  readonly headers: IncomingHttpHeaders
  /** Remembers whose key came last over it; left out where there is none to remember. */
  readonly connection?: object | undefined
  /** What is asked for, which a signature covers; left out where requests cannot be signed. */
  readonly target?: RequestTarget | undefined
}

interface Remembered {
  readonly given: string
  readonly key: KnownKey | 'token' | 'control'
  readonly plan: AccessPlan
}

/** Who may ask, by the plan in place. */
export class Access {
  readonly #options: AccessOptions
  readonly #tokenDigest: Buffer | undefined
  readonly #controlDigest: Buffer | undefined
  #plan: AccessPlan = { keys: [], cors: [], signing: 'off' }
  #keys: ReadonlyMap<string, KnownKey> = new Map()
  readonly #signatures = new SignatureCheck()
  readonly #remembered = new WeakMap<object, Remembered>()

  constructor(options: AccessOptions) {
    this.#options = options
    this.#tokenDigest = options.callerToken === undefined ? undefined : digest(options.callerToken)
    this.#controlDigest = options.controlToken === undefined ? undefined : digest(options.controlToken)
  }

  get plan(): AccessPlan {
    return this.#plan
  }

  get keys(): ReadonlyMap<string, KnownKey> {
    return this.#keys
  }

  /** Keys that stay keep what they have used of their rate. */
  use(plan: AccessPlan): void {
    this.#keys = new Map(
      plan.keys.map((key) => {
        const present = this.#keys.get(key.id)
        const isSame = present !== undefined && isDeepStrictEqual(present.plan, key)
        return [key.id, isSame ? present : new KnownKey(key)]
      }),
    )
    this.#plan = plan
  }

  /** Fails with `unauthenticated`, `permission_denied`, or `rate_limited` when the key has used up its rate. */
  admit(credentials: Credentials, scope: Scope): Admission {
    const { signing } = this.#plan
    if (signing !== 'off' && credentials.headers['signature-input'] !== undefined)
      return this.#admitSigned(credentials, scope)
    const given = givenIn(credentials.headers)
    if (signing === 'required' && scope !== 'metrics' && !this.#isControl(given)) refuseUnsigned()
    if (given === undefined) {
      if (this.#isOpen()) return anonymous
      return this.#failUnknown()
    }
    const key = this.#recognise(given, credentials.connection)
    if (key === undefined) {
      // A header that was meant for something else does no harm where nobody is asked.
      if (this.#isOpen() && !given.startsWith('dk_')) return anonymous
      return this.#failUnknown()
    }
    if (key === 'token') return anonymous
    if (key === 'control') return fromThePage
    return this.#admitKey(key, scope)
  }

  #admitSigned({ headers, target }: Credentials, scope: Scope): Admission {
    const { method = '', url = '' } = target ?? {}
    const claim = this.#signatures.read({ headers, method, url })
    const key = this.#keys.get(claim.keyId)
    const verificationKey = key?.plan.verificationKey
    if (key === undefined || verificationKey === undefined) {
      return fail('unauthenticated', 'No key that signs requests has this id.', {
        at: 'signature-input',
        hint: 'Make one: `devmlops keys create NAME --signing`.',
      })
    }
    claim.verify(verificationKey, this.#options.clock.now())
    return { ...this.#admitKey(key, scope), checkBody: claim.checkBody }
  }

  #admitKey(key: KnownKey, scope: Scope): Admission {
    const now = this.#options.clock.now()
    const { name, expiresAt, scopes } = key.plan
    if (expiresAt !== undefined && expiresAt <= now) {
      fail('unauthenticated', `The key "${name}" has expired.`, {
        hint: 'Make another: `devmlops keys create`.',
      })
    }
    if (!key.may(scope)) {
      fail('permission_denied', `The key "${name}" may ${scopes.join(', ')}, not ${scope}.`, {
        hint: `Make one that may: \`devmlops keys create NAME --scope ${scope}\`.`,
      })
    }
    return key.admit(now)
  }

  /**
   * Found by its public id, then compared in constant time. A connection that has shown a key shows it again with every
   * request: it is hashed once, and whoever does not know it learns nothing from how long another takes.
   */
  #recognise(given: string, connection: object | undefined): Remembered['key'] | undefined {
    const remembered = connection === undefined ? undefined : this.#remembered.get(connection)
    if (remembered?.given === given && remembered.plan === this.#plan) return remembered.key
    const key = this.#lookUp(given)
    if (key !== undefined && connection !== undefined) {
      this.#remembered.set(connection, { given, key, plan: this.#plan })
    }
    return key
  }

  #lookUp(given: string): Remembered['key'] | undefined {
    const id = keyIdOf(given)
    const key = id === undefined ? undefined : this.#keys.get(id)
    if (key !== undefined) return timingSafeEqual(digest(given), key.digest) ? key : undefined
    if (this.#isControl(given)) return 'control'
    if (this.#tokenDigest === undefined) return undefined
    return timingSafeEqual(digest(given), this.#tokenDigest) ? 'token' : undefined
  }

  #isControl(given: string | undefined): boolean {
    if (given === undefined || this.#controlDigest === undefined) return false
    return timingSafeEqual(digest(given), this.#controlDigest)
  }

  /** Beyond this machine nothing is open, whatever the plan says. */
  #isOpen(): boolean {
    const { isLoopback, callerToken } = this.#options
    if (!isLoopback) return false
    return (this.#plan.mode ?? (callerToken === undefined ? 'open' : 'token')) === 'open'
  }

  #failUnknown(): never {
    const withKeys = this.#plan.mode === 'keys' || this.#keys.size > 0
    return fail('unauthenticated', `${withKeys ? 'The key or token' : 'The token'} is missing or wrong.`, {
      hint: withKeys
        ? 'Send "Authorization: Bearer <key>" with a key of `devmlops keys create`, or DEVMLOPS_TOKEN.'
        : 'Send "Authorization: Bearer <token>" with the token that the server was started with.',
    })
  }
}

function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function givenIn(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers
  if (authorization !== undefined && /^bearer /i.test(authorization)) return authorization.slice(7).trim()
  const key = headers['x-api-key']
  if (typeof key === 'string' && key !== '') return key
  // Another scheme is no key of ours, and must not pass as none at all.
  return authorization
}

function refuseUnsigned(): never {
  return fail('unauthenticated', 'Requests must be signed with a key here.', {
    at: 'signature-input',
    hint: 'Sign it with a key of `devmlops keys create NAME --signing`, as the guide on security says.',
  })
}
