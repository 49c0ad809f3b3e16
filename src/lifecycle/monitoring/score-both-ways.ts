import {
  endOfPredictions,
  readPredictions,
  type PredictionCursor,
  type PredictionRecord,
} from '#lifecycle/serving/index'
import type { PairedScores, TrialRow } from './canary-store.ts'
import { scoreOf } from './record-frame.ts'
import type { ModelReferences } from './reference-point.ts'
import type { RowScorer } from './scorer-point.ts'
import type { MonitoringStore } from './store.ts'

/** Records that are scored and kept at once. */
const pageRecords = 5_000

export interface PairScoring {
  /** Folder of the deployment's prediction log. */
  readonly directory: string
  readonly store: MonitoringStore
  readonly references: ModelReferences
  readonly scorer: RowScorer
  readonly signal?: AbortSignal | undefined
}

/** Scores what is new in the log with the version that did not answer it. */
export async function scoreBothWays(trial: TrialRow, context: PairScoring): Promise<void> {
  const { directory, store, signal } = context
  const until = await endOfPredictions(directory)
  let cursor: PredictionCursor = { segment: trial.segment, offset: trial.byte_offset }
  for (;;) {
    signal?.throwIfAborted()
    const { records, next, unreadable } = await readPredictions({
      directory,
      after: cursor,
      limit: pageRecords,
      until,
    })
    if (next === undefined || records.length + unreadable === 0) return
    const rows = await pairsOf(trial, records, context)
    await store.transaction(({ canaries }) => canaries.addRows(trial, rows, next))
    cursor = next
  }
}

async function pairsOf(
  trial: TrialRow,
  records: readonly PredictionRecord[],
  { references, scorer }: PairScoring,
): Promise<PairedScores[]> {
  const { started_at: since } = trial
  const champion = { model: trial.model, version: trial.champion_version }
  const canary = { model: trial.canary_model ?? trial.model, version: trial.canary_version }
  const scoreColumn = (await references.referenceOf(champion.model, champion.version))?.scoreColumn
  const pairs: PairedScores[] = []
  const seen = new Set<string>()
  for (const [answering, other] of [
    [champion, canary],
    [canary, champion],
  ] as const) {
    const answered = records.filter(
      ({ time, model, version }) =>
        time >= since && model === answering.model && version === answering.version,
    )
    if (answered.length === 0) continue
    const otherScores = await scorer.scoreRows(
      other.model,
      other.version,
      answered.map(({ inputs }) => inputs),
    )
    for (const [index, record] of answered.entries()) {
      const own = scoreOf(record, scoreColumn)
      const foreign = otherScores[index] as number
      if (own === undefined || !Number.isFinite(foreign) || seen.has(record.id)) continue
      seen.add(record.id)
      const [championScore, canaryScore] = answering === champion ? [own, foreign] : [foreign, own]
      const { id, variant, latency_ms: latencyMs } = record
      pairs.push({ id, variant, championScore, canaryScore, latencyMs })
    }
  }
  return pairs
}
