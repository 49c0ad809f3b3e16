import type { RowBatch } from '../../model-runtime-point.ts'
import type { VariantMetrics } from '../metrics.ts'
import type { QueueLimits, QueueTerms, ScoredSlice } from './batch-queue.ts'
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
  terms: QueueTerms,
): Promise<ScoredSlice> {
  metrics.inFlight++
  try {
    const scored = await model.score(batch, limits, terms)
    if (scored.queuedMs !== undefined) metrics.queueTime.observe(scored.queuedMs / 1000)
    if (scored.modelMs !== undefined) metrics.modelTime.observe(scored.modelMs / 1000)
    return scored
  } finally {
    metrics.inFlight--
  }
}
