import type { KeyPlan, Scope } from '../../deployment/access.ts'
import { RateLimit } from './rate-limit.ts'
import { Refusal } from './refusal.ts'

/** What a caller has been granted for one request. */
export interface Admission {
  /** The name of the key, or undefined when nobody was asked. */
  readonly caller: string | undefined
  /** Undefined: all. */
  readonly deployments: ReadonlySet<string> | undefined
  /** Told with the answer: how much of the rate is left. */
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Of a signed request: fails when the body is another than the one that was signed. */
  readonly checkBody?: (body: Buffer) => void
  /** Call it once, when the request is over. */
  release(): void
}

const nothing = (): void => undefined

export const anonymous: Admission = {
  caller: undefined,
  deployments: undefined,
  headers: undefined,
  release: nothing,
}

/** Somebody tries the endpoint on the page; the server has asked who that is. */
export const fromThePage: Admission = { ...anonymous, caller: 'page' }

/** A key of the plan with what its use has cost so far. */
export class KnownKey {
  readonly plan: KeyPlan
  readonly digest: Buffer
  readonly #scopes: ReadonlySet<Scope>
  readonly #rate: RateLimit | undefined
  readonly #constant: Admission
  #inFlight = 0
  requests = 0
  lastUsedAt: number | undefined

  constructor(plan: KeyPlan) {
    this.plan = plan
    this.digest = Buffer.from(plan.digest, 'hex')
    this.#scopes = new Set(plan.scopes)
    this.#rate = plan.rate === undefined ? undefined : new RateLimit(plan.rate)
    this.#constant = {
      caller: plan.name,
      deployments: plan.deployments === undefined ? undefined : new Set(plan.deployments),
      headers: undefined,
      release: plan.concurrency === undefined ? nothing : () => void this.#inFlight--,
    }
  }

  may(scope: Scope): boolean {
    return this.#scopes.has(scope) || this.#scopes.has('admin')
  }

  /** Fails with `rate_limited`. `now` is in epoch milliseconds. */
  admit(now: number): Admission {
    const { name, concurrency } = this.plan
    this.lastUsedAt = now
    this.requests++
    if (concurrency !== undefined && this.#inFlight >= concurrency) {
      throw new Refusal(
        'rate_limited',
        `The key "${name}" has ${concurrency} requests under way, which is its limit.`,
        {
          reason: 'concurrency',
          retryAfterMs: 1000,
          hint: 'Wait for an answer before you send the next request.',
        },
      )
    }
    if (this.#rate === undefined) {
      if (concurrency !== undefined) this.#inFlight++
      return this.#constant
    }
    const nowMs = performance.now()
    const waitMs = this.#rate.take(nowMs)
    const headers = this.#rate.headers(nowMs)
    if (waitMs > 0) {
      throw new Refusal('rate_limited', `The key "${name}" has used up its rate.`, {
        reason: 'rate',
        retryAfterMs: waitMs,
        headers,
        hint: 'Send the request again after Retry-After, or ask for a higher rate.',
      })
    }
    if (concurrency !== undefined) this.#inFlight++
    return { ...this.#constant, headers }
  }
}
