import type { Rate } from '../../deployment/access.ts'

/**
 * A token bucket of one full lot, as the generic cell rate algorithm (ITU-T I.371) keeps it: one number, the time at which
 * the bucket would be full again.
 */
export class RateLimit {
  readonly #costMs: number
  readonly #rate: Rate
  #fullAt = 0

  constructor(rate: Rate) {
    this.#rate = rate
    this.#costMs = rate.perMs / rate.requests
  }

  /** Takes one request if there is room, and says how long to wait for it otherwise, in milliseconds. */
  take(nowMs: number): number {
    const fullAt = Math.max(this.#fullAt, nowMs) + this.#costMs
    // Half a request of tolerance: sums of fractions are not exact.
    const waitMs = fullAt - nowMs - Math.max(this.#rate.perMs, this.#costMs) - this.#costMs * 1e-6
    if (waitMs > 0) return waitMs
    this.#fullAt = fullAt
    return 0
  }

  /** The fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10). */
  headers(nowMs: number): Readonly<Record<string, string>> {
    const { requests, perMs } = this.#rate
    const usedMs = Math.max(0, this.#fullAt - nowMs)
    const left = Math.max(0, Math.floor((perMs - usedMs) / this.#costMs + 1e-6))
    return {
      'ratelimit-policy': `"key";q=${Math.max(1, Math.floor(requests))};w=${Math.max(1, Math.round(perMs / 1000))}`,
      ratelimit: `"key";r=${left};t=${Math.ceil(usedMs / 1000)}`,
    }
  }
}
