import { requestLimits, type Delivery, type RunEnd, type WrittenPoint } from './delivery.ts'

/** What is logged at once. */
export interface Entry {
  readonly metrics?: readonly WrittenPoint[]
  readonly params?: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
  readonly end?: RunEnd
}

interface RunQueue {
  metrics: WrittenPoint[]
  /** How many of `metrics` are taken already; they are cut off now and then, not each time. */
  taken: number
  readonly params: Map<string, string>
  readonly tags: Map<string, string>
  end: RunEnd | undefined
}

/** What waits in memory, run by run, so that a request is full even when many runs log by turns. */
export class Waiting {
  readonly #queues = new Map<string, RunQueue>()
  #size = 0

  /** How many points, params and tags. */
  get size(): number {
    return this.#size
  }

  get isEmpty(): boolean {
    return this.#queues.size === 0
  }

  add(runId: string, { metrics = [], params = {}, tags = {}, end }: Entry): void {
    const queue = this.#queueOf(runId)
    for (const point of metrics) queue.metrics.push(point)
    const before = queue.params.size + queue.tags.size
    for (const [key, value] of Object.entries(params)) queue.params.set(key, value)
    for (const [key, value] of Object.entries(tags)) queue.tags.set(key, value)
    this.#size += metrics.length + queue.params.size + queue.tags.size - before
    if (end !== undefined) queue.end = end
  }

  /** Takes the next request's worth, of the run that has waited longest; the end of a run comes after all the rest of it. */
  take(): Delivery | undefined {
    const [first] = this.#queues
    if (first === undefined) return undefined
    const [runId, queue] = first
    const params = takeSome(queue.params, requestLimits.params)
    const tags = takeSome(queue.tags, requestLimits.tags)
    const room = requestLimits.items - params.length - tags.length
    const metrics = queue.metrics.slice(queue.taken, queue.taken + room)
    queue.taken += metrics.length
    if (queue.taken > queue.metrics.length / 2) {
      queue.metrics = queue.metrics.slice(queue.taken)
      queue.taken = 0
    }
    this.#size -= metrics.length + params.length + tags.length
    const rest = queue.metrics.length - queue.taken + queue.params.size + queue.tags.size
    this.#queues.delete(runId)
    // To the back of the row.
    if (rest > 0) this.#queues.set(runId, queue)
    return {
      runId,
      metrics,
      params: Object.fromEntries(params),
      tags: Object.fromEntries(tags),
      ...(rest > 0 || queue.end === undefined ? {} : { end: queue.end }),
    }
  }

  takeAll(): Delivery[] {
    const all: Delivery[] = []
    for (let next = this.take(); next !== undefined; next = this.take()) all.push(next)
    return all
  }

  #queueOf(runId: string): RunQueue {
    const found = this.#queues.get(runId)
    if (found !== undefined) return found
    const made = { metrics: [], taken: 0, params: new Map(), tags: new Map(), end: undefined }
    this.#queues.set(runId, made)
    return made
  }
}

function takeSome(values: Map<string, string>, limit: number): [string, string][] {
  const taken = [...values.entries().take(limit)]
  for (const [key] of taken) values.delete(key)
  return taken
}
