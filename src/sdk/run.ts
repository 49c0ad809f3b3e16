import { fail, type DevmlopsError } from '#contract/errors'
import type { RunDocument, RunStatus } from '#lifecycle/tracking/contract'
import { logArtifact, type ArtifactSource } from './artifacts.ts'
import type { TrackingClient, WrittenNumber } from './delivery.ts'
import type { Outbox } from './outbox.ts'

/** What a param or a tag may be: everything but text is written as JSON. */
export type TextValue = string | number | boolean | bigint | null | undefined | readonly unknown[] | object

export type EndStatus = Extract<RunStatus, 'FINISHED' | 'FAILED' | 'KILLED'>

export interface MetricOptions {
  /** A whole number; 0 when left out. */
  readonly step?: number
  /** Epoch milliseconds, or a date; now when left out. */
  readonly timestamp?: number | Date
}

export interface ChildRunOptions {
  readonly name?: string
  readonly params?: Readonly<Record<string, TextValue>>
  readonly tags?: Readonly<Record<string, TextValue>>
}

export interface RunDependencies {
  readonly tracking: TrackingClient
  readonly outbox: Outbox
  readonly flushTimeoutMs: number
  readonly startChild: (parent: Run, options: ChildRunOptions) => Promise<Run>
  /** Told once, when the run is over. */
  readonly onEnd: (run: Run) => void
}

/**
 * One attempt: what is logged to it is sent in batches in the background, and none of the `log…` and `set…` functions waits
 * for the network. What the server refuses is thrown by the next `flush` or `end`.
 *
 * ```ts
 * await using run = await startRun({ experiment: 'flights', params: { depth: 6 } })
 * for (let step = 0; step < 100; step++) run.logMetric('loss', 1 / (step + 1), { step })
 * await run.end()
 * ```
 *
 * A block that is left without `end` was left by an error or by an early return, so the run is marked FAILED.
 */
export class Run implements AsyncDisposable {
  readonly id: string
  readonly name: string
  readonly experimentId: string
  readonly artifactUri: string
  readonly #dependencies: RunDependencies
  readonly #params = new Map<string, string>()
  #refusals: DevmlopsError[] = []
  #ended = false

  constructor({ id, name, experimentId, artifactUri }: RunDocument, dependencies: RunDependencies) {
    this.id = id
    this.name = name
    this.experimentId = experimentId
    this.artifactUri = artifactUri
    this.#dependencies = dependencies
  }

  get ended(): boolean {
    return this.#ended
  }

  logMetric(key: string, value: number, options: MetricOptions = {}): void {
    this.logMetrics({ [key]: value }, options)
  }

  logMetrics(values: Readonly<Record<string, number>>, { step = 0, timestamp }: MetricOptions = {}): void {
    if (!Number.isSafeInteger(step)) {
      fail('invalid_input', `The step is ${String(step)}; a step is a whole number.`, { at: 'step' })
    }
    const at = timestamp === undefined ? Date.now() : Math.trunc(Number(timestamp))
    if (!Number.isSafeInteger(at) || at < 0) {
      fail('invalid_input', 'A timestamp is a date, or milliseconds since 1970.', { at: 'timestamp' })
    }
    const metrics = Object.entries(values).map(([key, value]) => {
      checkKey('metric', key)
      return { key, value: writtenNumber(key, value), timestamp: at, step }
    })
    this.#add({ metrics })
  }

  logParam(key: string, value: TextValue): void {
    this.logParams({ [key]: value })
  }

  /** Params are written once: another value for the same name throws. `undefined` is left out. */
  logParams(values: Readonly<Record<string, TextValue>>): void {
    const params = textsOf('param', values)
    for (const [key, value] of Object.entries(params)) {
      const before = this.#params.get(key)
      if (before !== undefined && before !== value) {
        fail('conflict', `The param "${key}" is "${before}" already, and params do not change.`, {
          at: `params.${key}`,
          hint: 'Use a tag for what changes.',
        })
      }
    }
    for (const [key, value] of Object.entries(params)) this.#params.set(key, value)
    this.#add({ params })
  }

  setTag(key: string, value: TextValue): void {
    this.setTags({ [key]: value })
  }

  setTags(values: Readonly<Record<string, TextValue>>): void {
    this.#add({ tags: textsOf('tag', values) })
  }

  /**
   * Uploads a file, a folder with all that is in it, or bytes, and resolves when the server has stored them. `path` is the
   * name in the run; without it a file or folder keeps its own name.
   */
  async logArtifact(source: ArtifactSource, path?: string): Promise<void> {
    this.#mustBeOpen()
    const { tracking, flushTimeoutMs } = this.#dependencies
    await logArtifact({ tracking, runId: this.id, timeoutMs: flushTimeoutMs }, source, path)
  }

  /** Starts a run within this one. */
  async startRun(options: ChildRunOptions = {}): Promise<Run> {
    this.#mustBeOpen()
    return this.#dependencies.startChild(this, options)
  }

  /** Resolves when all that was logged is on the server. Throws what the server refused, or why it does not answer. */
  async flush(): Promise<void> {
    const { outbox, flushTimeoutMs } = this.#dependencies
    await outbox.flush(flushTimeoutMs)
    this.#throwRefusal()
  }

  /**
   * Ends the run and sends the rest. When the server is away, the rest stays in the journal, which the next process that
   * connects sends; `process.emitWarning` says so, since a training that is done should not fail for that.
   */
  async end(status: EndStatus = 'FINISHED'): Promise<void> {
    if (this.#ended) return
    const { outbox, flushTimeoutMs, onEnd } = this.#dependencies
    this.markEnded(status)
    try {
      await outbox.flush(flushTimeoutMs)
    } catch (error) {
      process.emitWarning(`The server does not answer; the rest of run ${this.id} is sent later.`, {
        type: 'DevmlopsWarning',
        detail: error instanceof Error ? error.message : String(error),
      })
    }
    onEnd(this)
    this.#throwRefusal()
  }

  /** Puts the end behind all that was logged, without waiting. */
  markEnded(status: EndStatus): void {
    if (this.#ended) return
    this.#ended = true
    this.#dependencies.outbox.add(this.id, { end: { status, endedAt: Date.now() } })
  }

  refuse(error: DevmlopsError): void {
    // The first ones say what is wrong; a loop must not collect a million of them.
    if (this.#refusals.length < 10) this.#refusals.push(error)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('FAILED')
  }

  #add(entry: Parameters<Outbox['add']>[1]): void {
    this.#mustBeOpen()
    this.#dependencies.outbox.add(this.id, entry)
  }

  #mustBeOpen(): void {
    if (this.#ended) {
      fail('conflict', `Run ${this.id} is over; nothing more can be logged to it here.`, {
        hint: 'Continue it with `resumeRun`.',
      })
    }
  }

  #throwRefusal(): void {
    const [first] = this.#refusals
    this.#refusals = []
    if (first !== undefined) throw first
  }
}

function writtenNumber(key: string, value: number): WrittenNumber {
  if (typeof value !== 'number') {
    fail('invalid_input', `The value of the metric "${key}" is a ${typeof value}, not a number.`, { at: key })
  }
  if (Number.isFinite(value)) return value
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
}

export function textsOf(
  kind: 'param' | 'tag',
  values: Readonly<Record<string, TextValue>>,
): Record<string, string> {
  const texts: Record<string, string> = {}
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue
    checkKey(kind, key)
    texts[key] = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
  }
  return texts
}

function checkKey(kind: 'metric' | 'param' | 'tag', key: string): void {
  if (key !== '' && key.length <= 250) return
  fail('invalid_input', `A ${kind} has a name of 1 to 250 characters, not "${key.slice(0, 40)}".`, {
    at: kind,
  })
}
