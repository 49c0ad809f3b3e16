import { Refusal } from '../access/refusal.ts'

/** Bytes of request bodies in memory, over all connections: many bodies of an allowed size are too much together. */
export class BodyBudget {
  readonly #limitBytes: number
  heldBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** One body that is larger than all there is may come alone. */
  take(bytes: number): boolean {
    if (this.heldBytes > 0 && this.heldBytes + bytes > this.#limitBytes) return false
    this.heldBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.heldBytes -= bytes
  }
}

export function bodiesFull(): Refusal {
  return new Refusal('overloaded', 'The bodies of other requests fill the memory that there is for them.', {
    reason: 'bodies_full',
    retryAfterMs: 1000,
    hint: 'Send it again a little later, or send fewer rows at once.',
  })
}
