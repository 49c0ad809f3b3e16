import type { RowBatch } from '../../model-runtime-point.ts'
import type { ScoredSlice } from './batch-queue.ts'

/** A request that waits for its model, or is in it. */
export interface Waiting {
  readonly batch: RowBatch
  /** In the time of `performance.now()`; infinite when nobody said. */
  readonly deadlineAt: number
  readonly connection: { readonly destroyed: boolean } | undefined
  readonly arrivedAt: number
  /** When it came plus what its priority costs: the lowest goes first. */
  readonly order: number
  readonly resolve: (slice: ScoredSlice) => void
  readonly reject: (error: unknown) => void
}

/** A request of priority p goes before one that came up to so much earlier per level; nothing waits longer for its turn. */
const levelMs = 50
const longestDelayMs = 1_000
const lastLevel = longestDelayMs / levelMs
/** After every prediction: of work that nobody's answer depends on at once. No request can ask for it. */
export const lowestPriority = Infinity

/**
 * How much later than it came a request counts as come. Triton's meaning: 1 is the highest, higher numbers come later; 0 is
 * the default, after all that have one. A bounded delay instead of strict order, so that nothing starves.
 */
export function delayOf(priority: number): number {
  if (priority === lowestPriority) return 2 * longestDelayMs
  return priority === 0 || priority > lastLevel ? longestDelayMs : (priority - 1) * levelMs
}

interface Lane {
  items: Waiting[]
  /** Of the first that has not been taken: shifting an array is slow when it is long. */
  head: number
  rows: number
  readonly delayMs: number
}

/** What waits, by order; within one priority first come, first served. */
export class WaitingLine {
  readonly #lanes: Lane[] = []
  rows = 0
  requests = 0

  add(waiting: Waiting, delayMs: number): void {
    const lane = this.#laneOf(delayMs)
    lane.items.push(waiting)
    lane.rows += waiting.batch.rows
    this.rows += waiting.batch.rows
    this.requests++
  }

  /** The next, without taking it. */
  peek(): Waiting | undefined {
    const lane = this.#first()
    return lane?.items[lane.head]
  }

  take(): Waiting | undefined {
    const lane = this.#first()
    const waiting = lane?.items[lane.head]
    if (lane === undefined || waiting === undefined) return undefined
    lane.head++
    lane.rows -= waiting.batch.rows
    this.rows -= waiting.batch.rows
    this.requests--
    if (lane.head === lane.items.length) {
      lane.items = []
      lane.head = 0
    } else if (lane.head > 1024 && lane.head * 2 > lane.items.length) {
      lane.items = lane.items.slice(lane.head)
      lane.head = 0
    }
    return waiting
  }

  /** Takes out all that `isLost` says. */
  removeLost(isLost: (waiting: Waiting) => boolean): readonly Waiting[] {
    const lost: Waiting[] = []
    for (const lane of this.#lanes) {
      const before = lost.length
      for (let index = lane.head; index < lane.items.length; index++) {
        const waiting = lane.items[index] as Waiting
        if (isLost(waiting)) lost.push(waiting)
      }
      if (lost.length === before) continue
      const removed = new Set(lost)
      lane.items = lane.items.slice(lane.head).filter((waiting) => !removed.has(waiting))
      lane.head = 0
      lane.rows = lane.items.reduce((rows, { batch }) => rows + batch.rows, 0)
    }
    this.rows = this.#lanes.reduce((rows, lane) => rows + lane.rows, 0)
    this.requests -= lost.length
    return lost
  }

  /** Rows that go before one that comes now with this delay. */
  rowsBefore(delayMs: number): number {
    let rows = 0
    for (const lane of this.#lanes) if (lane.delayMs <= delayMs) rows += lane.rows
    return rows
  }

  #first(): Lane | undefined {
    let first: Lane | undefined
    let lowest = Infinity
    for (const lane of this.#lanes) {
      const order = lane.items[lane.head]?.order ?? Infinity
      if (order >= lowest) continue
      lowest = order
      first = lane
    }
    return first
  }

  #laneOf(delayMs: number): Lane {
    const present = this.#lanes.find((lane) => lane.delayMs === delayMs)
    if (present !== undefined) return present
    const made: Lane = { items: [], head: 0, rows: 0, delayMs }
    this.#lanes.push(made)
    return made
  }
}
