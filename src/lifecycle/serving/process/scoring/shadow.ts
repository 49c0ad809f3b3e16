import { messageOf } from '#contract/errors'
import type { Clock } from '#platform/clock'
import type { Log } from '#platform/log'
import type { PredictionLog } from '../../prediction-log/prediction-log.ts'
import type { RowBatch } from '../../model-runtime-point.ts'
import { scoreInTurn } from '../models/score-in-turn.ts'
import { bucketOf } from '../routing/traffic-split.ts'
import type { ServedVariant } from '../routing/served-deployment.ts'
import type { BatchConversion } from './batch-fields.ts'
import type { ScoredVariantRows } from './predict-rows.ts'
import type { RequestFacts } from './request-facts.ts'
import type { ShadowCounts } from './shadow-counts.ts'

export interface ShadowOptions {
  readonly variant: ServedVariant
  /** How the rows of each live variant become rows of the shadow. */
  readonly conversions: ReadonlyMap<string, BatchConversion>
  /** Of its own, so that nobody who counts live predictions counts these. */
  readonly predictions: PredictionLog
  readonly counts: ShadowCounts
  readonly clock: Clock
  readonly log: Log
}

interface Copy {
  readonly batch: RowBatch
  readonly conversion: BatchConversion
  readonly positions: readonly number[] | undefined
  readonly facts: RequestFacts
}

/** Rows that wait at most, of all requests together: about a second of work for a small model. */
const waitingRowsLimit = 10_000
const patience = { queuedRows: Infinity, queuedRequests: Infinity, waitMs: Infinity, timeoutMs: 60_000 }

/**
 * Scores a copy of the traffic after the answer, one request at a time and when nothing else is due. What comes faster than
 * that is dropped and counted: the live answer neither waits for it nor fails with it.
 */
export class Shadow {
  readonly #options: ShadowOptions
  #waiting: Copy[] = []
  #waitingRows = 0
  #isBusy = false
  #isClosed = false

  constructor(options: ShadowOptions) {
    this.#options = options
  }

  get variant(): ServedVariant {
    return this.#options.variant
  }

  /** Never fails and never waits. A request is copied whole or not at all, by the id of its first row. */
  offer(groups: readonly ScoredVariantRows[], facts: RequestFacts): void {
    const { variant, counts, conversions } = this.#options
    const share = variant.plan.share ?? 100
    if (share < 100 && bucketOf('shadow', facts.id(0)) >= share) return
    for (const { batch, positions, variant: live } of groups) {
      if (this.#isClosed || this.#waitingRows + batch.rows > waitingRowsLimit) {
        counts.dropped += batch.rows
        continue
      }
      this.#waiting.push({ batch, conversion: conversions.get(live.name), positions, facts })
      this.#waitingRows += batch.rows
    }
    this.#next()
  }

  /** What waits is dropped; what has begun ends. */
  close(): void {
    this.#isClosed = true
    this.#options.counts.dropped += this.#waitingRows
    this.#waiting = []
    this.#waitingRows = 0
    this.variant.model.release()
  }

  #next(): void {
    if (this.#isBusy || this.#waiting.length === 0) return
    this.#isBusy = true
    // After the answers of this tick are on their way.
    setImmediate(() => void this.#work())
  }

  async #work(): Promise<void> {
    const copy = this.#waiting.shift()
    if (copy !== undefined) {
      this.#waitingRows -= copy.batch.rows
      await this.#score(copy)
    }
    this.#isBusy = false
    this.#next()
  }

  async #score({ batch: given, conversion, positions, facts }: Copy): Promise<void> {
    const { variant, counts, clock, log } = this.#options
    try {
      const startedAt = performance.now()
      const converted = conversion === undefined ? given : conversion(given)
      const batch = variant.prepare === undefined ? converted : variant.prepare(converted, clock.now())
      // After all that have a priority or none.
      const terms = { startedAt, priority: 0, deadlineAt: undefined }
      const scored = await scoreInTurn({ variant, batch }, patience, terms)
      const rows = { variant, batch: converted, positions, scored }
      this.#keep(rows, facts, Math.round((performance.now() - startedAt) * 1000) / 1000)
      counts.scored += batch.rows
      variant.metrics.rows += batch.rows
      variant.outcomes.answered++
      variant.outcomes.rows += batch.rows
    } catch (error) {
      counts.failed += given.rows
      variant.outcomes.countFailure(error)
      log.debug({ variant: variant.name, error: messageOf(error) }, 'a shadow could not score')
    }
  }

  #keep(rows: ScoredVariantRows, facts: RequestFacts, latencyMs: number): void {
    const { variant, predictions, clock } = this.#options
    const { requestId, traceId, caller } = facts
    const time = clock.now()
    let lines = ''
    let records = 0
    for (let row = 0; row < rows.batch.rows; row++) {
      const position = rows.positions === undefined ? row : (rows.positions[row] as number)
      const id = facts.id(position)
      if (!variant.recordLine.keeps(id)) continue
      records++
      lines += variant.recordLine.line(row, rows, {
        id,
        requestId,
        time,
        eventTime: facts.eventTimeOf(position),
        key: facts.keyOf(position),
        latencyMs,
        traceId,
        caller,
        isAsked: false,
      })
    }
    if (records > 0) predictions.offer(lines, records)
  }
}
