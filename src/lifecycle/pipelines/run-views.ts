import type { PipelineRunDetail, PipelineRunView, StepRunView } from './contract.ts'
import type { LiveRuns } from './live-runs.ts'
import type { PipelineRun, StepRun } from './pipeline-run.ts'

const shownLines = 10

/** A run as callers see it. */
export function runView(run: PipelineRun): PipelineRunView {
  const datasets = Object.entries(run.datasets).map(([reference, { name, version }]) => [
    reference,
    `${name}@${version}`,
  ])
  return {
    id: run.id,
    pipeline: run.pipeline,
    state: run.state,
    actor: run.actor,
    trigger: run.trigger,
    parameters: run.parameters,
    datasets: Object.fromEntries(datasets) as Record<string, string>,
    createdAt: run.createdAt,
    ...(run.code === undefined ? {} : { code: run.code }),
    ...(run.failure === undefined ? {} : { failure: run.failure }),
    ...(run.startedAt === undefined ? {} : { startedAt: run.startedAt }),
    ...(run.finishedAt === undefined ? {} : { finishedAt: run.finishedAt }),
  }
}

export function runDetail(run: PipelineRun, steps: readonly StepRun[], live: LiveRuns): PipelineRunDetail {
  const needs = new Map(run.definition.steps.map((step) => [step.name, step.needs]))
  return {
    ...runView(run),
    revision: live.revisionOf(run.id),
    steps: steps.map((step) => stepView(step, needs.get(step.step) ?? [], live)),
  }
}

function stepView(step: StepRun, needs: readonly string[], live: LiveRuns): StepRunView {
  const moving = live.step(step.id)
  return {
    id: step.id,
    step: step.step,
    kind: step.kind,
    needs: [...needs],
    state: step.state,
    attempt: step.attempt,
    reasons: [...step.reasons],
    inputs: [...step.inputs],
    outputs: [...step.outputs],
    ...(step.cacheKey === undefined ? {} : { cacheKey: step.cacheKey }),
    ...(step.cachedFrom === undefined ? {} : { cachedFrom: step.cachedFrom }),
    ...(step.failure === undefined ? {} : { failure: step.failure }),
    ...(step.startedAt === undefined ? {} : { startedAt: step.startedAt }),
    ...(step.finishedAt === undefined ? {} : { finishedAt: step.finishedAt }),
    ...(moving?.progress === undefined ? {} : { progress: moving.progress }),
    ...(moving?.log === undefined ? {} : { logTail: moving.log.lastLines(shownLines) }),
  }
}
