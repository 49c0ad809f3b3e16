import type { Clock } from '#platform/clock'
import type { RowBatch } from '../../model-runtime-point.ts'
import type { ScoredSlice } from '../models/batch-queue.ts'
import { scoreInTurn } from '../models/score-in-turn.ts'
import type { ServedDeployment, ServedVariant } from '../routing/served-deployment.ts'
import type { RequestFacts } from './request-facts.ts'

/** Checked rows that one variant is to score. */
export interface VariantRows {
  readonly variant: ServedVariant
  readonly batch: RowBatch
  /** Position in the request of each row of the batch. */
  readonly positions: readonly number[] | undefined
}

export interface ScoredVariantRows extends VariantRows {
  readonly scored: ScoredSlice
}

/**
 * Scores rows and logs them. With `before_answer` it settles when they are on disk, and fails with `storage_full` when they
 * cannot be: a prediction that is not logged is not given.
 */
export async function predictRows(
  { deployment, clock }: { readonly deployment: ServedDeployment; readonly clock: Clock },
  groups: readonly VariantRows[],
  facts: RequestFacts,
): Promise<readonly ScoredVariantRows[]> {
  const { limits } = deployment.plan
  const scored = await Promise.all(
    groups.map(async (group) => ({ ...group, scored: await scoreInTurn(group, limits, facts) })),
  )
  const { log } = deployment
  if (log !== undefined) {
    const rows = groups.reduce((sum, group) => sum + group.batch.rows, 0)
    const lines = recordLines(scored, facts, clock.now())
    if (facts.durable || deployment.plan.log.mode === 'before_answer') await log.append(lines, rows)
    else log.offer(lines, rows)
  }
  for (const { variant, batch } of scored) variant.metrics.rows += batch.rows
  return scored
}

function recordLines(groups: readonly ScoredVariantRows[], facts: RequestFacts, time: number): string {
  const latencyMs = Math.round((performance.now() - facts.startedAt) * 1000) / 1000
  const { requestId, traceId, caller } = facts
  let lines = ''
  for (const group of groups) {
    for (let row = 0; row < group.batch.rows; row++) {
      const position = group.positions === undefined ? row : (group.positions[row] as number)
      lines += group.variant.recordLine(row, group, {
        id: facts.id(position),
        requestId,
        time,
        eventTime: facts.eventTimeOf(position),
        key: facts.keyOf(position),
        latencyMs,
        traceId,
        caller,
      })
    }
  }
  return lines
}
