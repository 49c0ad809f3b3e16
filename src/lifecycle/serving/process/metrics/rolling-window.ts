import { sketchBucket, sketchBuckets, sketchQuantiles } from './latency-sketch.ts'
import type { WindowFigures } from '../../deployment/live.ts'

const slotMs = 5_000
/** Five minutes. */
const slots = 60

interface Slot {
  /** Which five seconds since the process began. */
  number: number
  requests: number
  errors: number
  readonly latencies: Uint32Array
}

/**
 * The last five minutes in slots of five seconds. A slot is made when something comes, so that what is deployed and not
 * asked takes no memory.
 */
export class RollingWindow {
  readonly #slots: (Slot | undefined)[] = Array.from({ length: slots }, () => undefined)

  /** `nowMs` is from `performance.now()`. */
  count(isError: boolean, durationMs: number, nowMs: number): void {
    const slot = this.#slotAt(Math.floor(nowMs / slotMs))
    slot.requests++
    if (isError) slot.errors++
    const bucket = sketchBucket(durationMs)
    slot.latencies[bucket] = (slot.latencies[bucket] as number) + 1
  }

  /** The slots that reach back `seconds`, up to 300; the one that is not over counts as far as it goes. */
  *lately(seconds: number, nowMs: number): Iterable<Slot> {
    const [first, last] = slotsOf(seconds, nowMs)
    for (const slot of this.#slots) {
      if (slot !== undefined && slot.number >= first && slot.number <= last) yield slot
    }
  }

  #slotAt(number: number): Slot {
    const place = number % slots
    const present = this.#slots[place]
    if (present?.number === number) return present
    if (present === undefined) {
      const made = { number, requests: 0, errors: 0, latencies: new Uint32Array(sketchBuckets) }
      this.#slots[place] = made
      return made
    }
    present.number = number
    present.requests = 0
    present.errors = 0
    present.latencies.fill(0)
    return present
  }
}

/** What came within the last `seconds` to all of the windows together. */
export function windowFigures(
  windows: readonly RollingWindow[],
  seconds: number,
  nowMs: number,
): WindowFigures {
  const latencies = new Uint32Array(sketchBuckets)
  let requests = 0
  let errors = 0
  for (const window of windows) {
    for (const slot of window.lately(seconds, nowMs)) {
      requests += slot.requests
      errors += slot.errors
      for (let bucket = 0; bucket < sketchBuckets; bucket++) {
        latencies[bucket] = (latencies[bucket] as number) + (slot.latencies[bucket] as number)
      }
    }
  }
  const [p50Ms, p95Ms, p99Ms] = sketchQuantiles(latencies, requests, [0.5, 0.95, 0.99])
  const coveredSeconds = Math.max(1, (nowMs - slotsOf(seconds, nowMs)[0] * slotMs) / 1000)
  return {
    seconds,
    requests,
    errors,
    requestsPerSecond: Math.round((requests / coveredSeconds) * 100) / 100,
    errorRate: requests === 0 ? 0 : errors / requests,
    ...(p50Ms === undefined || p95Ms === undefined || p99Ms === undefined ? {} : { p50Ms, p95Ms, p99Ms }),
  }
}

/** The numbers of the first and the last slot. */
function slotsOf(seconds: number, nowMs: number): readonly [number, number] {
  const last = Math.floor(nowMs / slotMs)
  const wanted = Math.min(slots, Math.round((seconds * 1000) / slotMs))
  // A little more than was asked for, so that a slot that has just begun does not stand for all.
  return [Math.max(0, last - Math.min(slots - 1, wanted)), last]
}
