import { z } from 'zod'
import type { OutcomesFile, PredictionRecord } from '#lifecycle/serving/index'
import { histogramStateSchema, LogHistogram } from '#platform/statistics/log-histogram'
import { scoreOf } from './record-frame.ts'

const variantEvidenceSchema = z.object({
  rows: z.int().min(0),
  latencyMs: histogramStateSchema,
  scores: histogramStateSchema,
})

/** What the log shows of a step, by variant: a few hundred numbers, however many predictions there are. */
export const stepEvidenceSchema = z.record(z.string(), variantEvidenceSchema)
export type StepEvidence = z.infer<typeof stepEvidenceSchema>

export interface EvidencePage {
  readonly records: readonly PredictionRecord[]
  /** When the step began, epoch milliseconds. */
  readonly since: number
  readonly variants: readonly {
    readonly name: string
    readonly version: number
    readonly scoreColumn?: string | undefined
  }[]
}

/** The evidence with the records of one more page. A request of many rows has one latency and counts once. */
export function withRecords(before: StepEvidence, { records, since, variants }: EvidencePage): StepEvidence {
  const after: StepEvidence = {}
  for (const { name, version, scoreColumn } of variants) {
    const known = before[name]
    const latencyMs = new LogHistogram(known?.latencyMs)
    const scores = new LogHistogram(known?.scores)
    let rows = known?.rows ?? 0
    let request: string | undefined
    for (const record of records) {
      if (record.variant !== name || record.version !== version || record.time < since) continue
      rows++
      scores.add(scoreOf(record, scoreColumn) ?? Number.NaN)
      if (record.request_id === request) continue
      request = record.request_id
      latencyMs.add(record.latency_ms)
    }
    after[name] = { rows, latencyMs: latencyMs.state, scores: scores.state }
  }
  return after
}

export interface RequestCounts {
  readonly requests: number
  /** Rows of those that were answered. */
  readonly rows: number
  /** Requests that failed through no fault of the caller. */
  readonly errors: number
  /** Requests whose rows it does not take; not among `requests`. */
  readonly refused: number
}

/** What the serving process counted for a variant since the step began. */
export function requestCounts(
  outcomes: OutcomesFile | undefined,
  wanted: {
    readonly deployment: string
    readonly variant: string
    readonly version: number
    readonly since: number
  },
): RequestCounts {
  let [requests, rows, errors, refused] = [0, 0, 0, 0]
  for (const line of outcomes?.variants ?? []) {
    if (line.deployment !== wanted.deployment || line.variant !== wanted.variant) continue
    if (line.version !== wanted.version || line.since < wanted.since) continue
    requests += line.answered + line.failed
    rows += line.rows
    errors += line.failed
    refused += line.refused
  }
  return { requests, rows, errors, refused }
}
