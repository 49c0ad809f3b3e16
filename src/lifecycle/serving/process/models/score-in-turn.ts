import type { RowBatch } from '../../model-runtime-point.ts'
import type { VariantMetrics } from '../metrics.ts'
import type { QueueLimits, QueueTerms, ScoredSlice } from './batch-queue.ts'
import type { RequestTrace } from '../tracing/tracing.ts'
import type { ServedModel } from './served-model.ts'

/** Scores when the turn of the rows has come, and counts where their time went. */
export async function scoreInTurn(
  {
    variant: { model, metrics },
    batch,
  }: {
    readonly variant: { readonly model: Pick<ServedModel, 'score'>; readonly metrics: VariantMetrics }
    readonly batch: RowBatch
  },
  limits: QueueLimits,
  terms: QueueTerms & { readonly trace?: RequestTrace | undefined },
): Promise<ScoredSlice> {
  metrics.inFlight++
  try {
    const scored = await model.score(batch, limits, terms)
    if (scored.queuedMs !== undefined) metrics.queueTime.observe(scored.queuedMs / 1000)
    if (scored.modelMs !== undefined) metrics.modelTime.observe(scored.modelMs / 1000)
    if (terms.trace !== undefined) addParts(terms.trace, scored, batch.rows)
    return scored
  } finally {
    metrics.inFlight--
  }
}

function addParts({ parts }: RequestTrace, { queuedMs = 0, modelMs = 0 }: ScoredSlice, rows: number): void {
  const endAt = performance.now()
  const modelAt = endAt - modelMs
  parts.push({ name: 'queue', startAt: modelAt - queuedMs, endAt: modelAt })
  parts.push({ name: 'model', startAt: modelAt, endAt, attributes: { 'devmlops.rows': rows } })
}
