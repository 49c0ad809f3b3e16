import type { Kysely } from 'kysely'
import type { Engine } from '#platform/database/index'
import type { DatasetInput, LifecycleStage, ModelOutput, RunStatus } from './contract.ts'
import type { Metric } from './metric-store.ts'
import { readRunTexts, type RunText } from './run-texts.ts'
import type { TrackingTables } from './tables.ts'

/** A run with all that was logged to it; of each metric the latest point. */
export interface Run {
  readonly id: string
  readonly name: string
  readonly experimentId: string
  readonly status: RunStatus
  readonly user: string
  /** Epoch milliseconds; MLflow's clients may leave it out. */
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly lifecycleStage: LifecycleStage
  readonly artifactUri: string
  readonly params: Readonly<Record<string, string>>
  readonly metrics: readonly Metric[]
  readonly tags: Readonly<Record<string, string>>
  readonly inputs: readonly DatasetInput[]
  readonly inputModels: readonly string[]
  readonly outputs: readonly ModelOutput[]
}

/** Reads whole runs in the order of the numbers. */
export async function readRuns(
  query: Kysely<TrackingTables>,
  engine: Engine,
  numbers: readonly number[],
): Promise<Run[]> {
  return (await readRunTexts(query, engine, numbers)).map(toRun)
}

export function toRun(text: RunText): Run {
  return {
    id: text.id,
    name: text.name,
    experimentId: String(text.experiment_id),
    status: text.status,
    user: text.user_name,
    startedAt: text.started_at ?? undefined,
    endedAt: text.ended_at ?? undefined,
    lifecycleStage: text.lifecycle_stage,
    artifactUri: text.artifact_uri,
    params: textMap(text.params),
    metrics: (JSON.parse(text.metrics) as (Omit<Metric, 'value'> & { value: number | 'NaN' })[]).map(
      ({ key, value, timestamp, step }) => ({ key, value: Number(value), timestamp, step }),
    ),
    tags: textMap(text.tags),
    inputs: text.inputs,
    inputModels: text.inputModels,
    outputs: text.outputs,
  }
}

/** By entries, not by assignment: a key may be `__proto__`. */
function textMap(pairs: string): Record<string, string> {
  return Object.fromEntries(
    (JSON.parse(pairs) as { key: string; value: string }[]).map(({ key, value }) => [key, value]),
  )
}
