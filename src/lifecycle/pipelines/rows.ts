import type { Insertable, Selectable, Updateable } from 'kysely'
import type { PipelineRun, StepRun } from './pipeline-run.ts'
import type { PipelineTables } from './tables.ts'

export function toRun(row: Selectable<PipelineTables['pipeline_runs']>): PipelineRun {
  return {
    id: row.id,
    pipeline: row.pipeline,
    state: row.state,
    actor: row.actor,
    trigger: {
      kind: row.trigger_kind as PipelineRun['trigger']['kind'],
      ...(row.trigger_reason === null ? {} : { reason: row.trigger_reason }),
    },
    parameters: read(row.parameters),
    selection: read(row.selection),
    definition: read(row.definition),
    datasets: read(row.datasets),
    code: readOptional(row.code),
    failure: readOptional(row.failure),
    cancelledBy: row.cancelled_by ?? undefined,
    announced: row.announced === 1,
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  }
}

export function fromRun(run: PipelineRun): Insertable<PipelineTables['pipeline_runs']> {
  return {
    id: run.id,
    pipeline: run.pipeline,
    state: run.state,
    actor: run.actor,
    trigger_kind: run.trigger.kind,
    trigger_reason: run.trigger.reason ?? null,
    parameters: JSON.stringify(run.parameters),
    selection: JSON.stringify(run.selection),
    definition: JSON.stringify(run.definition),
    datasets: JSON.stringify(run.datasets),
    code: writeOptional(run.code),
    failure: writeOptional(run.failure),
    cancelled_by: run.cancelledBy ?? null,
    announced: run.announced ? 1 : 0,
    created_at: run.createdAt,
    started_at: run.startedAt ?? null,
    finished_at: run.finishedAt ?? null,
  }
}

export function runChange(change: Partial<PipelineRun>): Updateable<PipelineTables['pipeline_runs']> {
  const { state, failure, announced, startedAt, finishedAt } = change
  return {
    ...(state === undefined ? {} : { state }),
    ...(failure === undefined ? {} : { failure: JSON.stringify(failure) }),
    ...(announced === undefined ? {} : { announced: announced ? 1 : 0 }),
    ...(startedAt === undefined ? {} : { started_at: startedAt }),
    ...(finishedAt === undefined ? {} : { finished_at: finishedAt }),
  }
}

export function toStep(row: Selectable<PipelineTables['step_runs']>): StepRun {
  return {
    id: row.id,
    runId: row.run_id,
    pipeline: row.pipeline,
    step: row.step,
    kind: row.kind,
    position: row.position,
    state: row.state,
    attempt: row.attempt,
    cacheKey: row.cache_key ?? undefined,
    cacheParts: readOptional(row.cache_parts),
    reasons: read(row.reasons),
    inputs: read(row.inputs),
    outputs: read(row.outputs),
    cachedFrom: row.cached_from ?? undefined,
    failure: readOptional(row.failure),
    handle: readOptional(row.handle),
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  }
}

export function fromStep(step: StepRun): Insertable<PipelineTables['step_runs']> {
  return {
    id: step.id,
    run_id: step.runId,
    pipeline: step.pipeline,
    step: step.step,
    kind: step.kind,
    position: step.position,
    state: step.state,
    attempt: step.attempt,
    cache_key: step.cacheKey ?? null,
    cache_parts: writeOptional(step.cacheParts),
    reasons: JSON.stringify(step.reasons),
    inputs: JSON.stringify(step.inputs),
    outputs: JSON.stringify(step.outputs),
    cached_from: step.cachedFrom ?? null,
    failure: writeOptional(step.failure),
    handle: writeOptional(step.handle),
    started_at: step.startedAt ?? null,
    finished_at: step.finishedAt ?? null,
  }
}

/** A field that is present and undefined is cleared; one that is absent stays. */
export function stepChange(change: Partial<StepRun>): Updateable<PipelineTables['step_runs']> {
  const columns = {
    state: 'state',
    attempt: 'attempt',
    cacheKey: 'cache_key',
    cacheParts: 'cache_parts',
    reasons: 'reasons',
    inputs: 'inputs',
    outputs: 'outputs',
    cachedFrom: 'cached_from',
    failure: 'failure',
    handle: 'handle',
    startedAt: 'started_at',
    finishedAt: 'finished_at',
  } as const
  return Object.fromEntries(
    Object.entries(change).map(([field, value]) => [
      columns[field as keyof typeof columns],
      typeof value === 'object' ? JSON.stringify(value) : (value ?? null),
    ]),
  )
}

/** JSON that this file wrote; `never` fits the field that it is read into. */
function read(text: string): never {
  return JSON.parse(text) as never
}

function readOptional(text: string | null): undefined {
  return text === null ? undefined : (JSON.parse(text) as undefined)
}

function writeOptional(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value)
}
