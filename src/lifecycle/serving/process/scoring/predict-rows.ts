import { fail } from '#contract/errors'
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
  if (facts.durable && deployment.log === undefined) refuseUnlogged(deployment)
  const scored = await Promise.all(
    groups.map(async (group) => {
      try {
        const { variant, batch } = group
        // What is looked up is filled in where the client left it out, and so it is in the log as well.
        const prepared =
          variant.prepare === undefined ? group : { variant, batch: variant.prepare(batch, clock.now()) }
        return { ...group, scored: await scoreInTurn(prepared, limits, facts) }
      } catch (error) {
        group.variant.outcomes.countFailure(error)
        throw error
      }
    }),
  )
  const { log } = deployment
  if (log !== undefined) {
    const startAt = performance.now()
    const { lines, records, sampledOut } = recordLines(scored, facts, clock.now())
    if (sampledOut > 0) log.countSampledOut(sampledOut)
    if (records > 0) {
      if (facts.durable || deployment.plan.log.mode === 'before_answer') await log.append(lines, records)
      else log.offer(lines, records)
    }
    const endAt = performance.now()
    for (const { variant } of scored) variant.metrics.logTime.observe((endAt - startAt) / 1000)
    facts.trace?.parts.push({ name: 'log', startAt, endAt })
  }
  for (const { variant, batch } of scored) {
    variant.metrics.rows += batch.rows
    variant.outcomes.answered++
    variant.outcomes.rows += batch.rows
  }
  for (const shadow of deployment.shadows) shadow.offer(scored, facts)
  return scored
}

function refuseUnlogged({ plan }: ServedDeployment): never {
  return fail(
    'invalid_input',
    `The deployment ${plan.name} keeps no prediction log, so it cannot log this one.`,
    {
      at: 'log',
      hint: 'Ask without it, or turn the log on: `log: before_answer`.',
    },
  )
}

interface Records {
  readonly lines: string
  readonly records: number
  readonly sampledOut: number
}

function recordLines(groups: readonly ScoredVariantRows[], facts: RequestFacts, time: number): Records {
  const latencyMs = Math.round((performance.now() - facts.startedAt) * 1000) / 1000
  const { requestId, traceId, caller, durable: isAsked } = facts
  let lines = ''
  let records = 0
  let sampledOut = 0
  for (const group of groups) {
    for (let row = 0; row < group.batch.rows; row++) {
      const position = group.positions === undefined ? row : (group.positions[row] as number)
      const id = facts.id(position)
      if (!isAsked && !group.variant.recordLine.keeps(id)) {
        sampledOut++
        continue
      }
      records++
      lines += group.variant.recordLine.line(row, group, {
        id,
        requestId,
        time,
        eventTime: facts.eventTimeOf(position),
        key: facts.keyOf(position),
        latencyMs,
        traceId,
        caller,
        isAsked,
      })
    }
  }
  return { lines, records, sampledOut }
}
