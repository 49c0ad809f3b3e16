import { rm } from 'node:fs/promises'
import type { RunFacts } from './assessment.ts'
import type { Failure, RunState, StepOutput } from './contract.ts'
import { downstreamOf, type StepDefinition } from './definition.ts'
import { runFailure } from './failure.ts'
import { isFinished, isStepDone, isStepFinished, type PipelineRun, type StepRun } from './pipeline-run.ts'
import type { RunTools } from './run-tools.ts'
import { workDirectoryOf } from './step-attempt.ts'
import { executeStep } from './step-execution.ts'

/**
 * Takes a run to its end, from wherever it stands: steps that are finished stay finished. A step starts as soon as those
 * it needs are done; one that fails takes those after it out of the run, and the rest goes on.
 */
export async function executeRun(run: PipelineRun, signal: AbortSignal, tools: RunTools): Promise<void> {
  if (run.startedAt === undefined) {
    await tools.store.updateRun(run.id, { state: 'running', startedAt: tools.platform.clock.now() })
    tools.live.changed(run.id)
    await tellStarted(run, tools)
  }
  const project = await tools.project()
  const stepRuns = new Map((await tools.store.stepsOf(run.id)).map((stepRun) => [stepRun.step, stepRun]))
  const outputs = new Map<string, readonly StepOutput[]>()
  const facts: RunFacts = {
    pipeline: run.pipeline,
    project,
    parameters: run.parameters,
    datasets: run.datasets,
    outputs,
    isForced: forcedSteps(run),
  }
  const outcomes = new Map<string, Promise<StepRun>>()
  const outcomeOf = (step: StepDefinition): Promise<StepRun> => {
    const known = outcomes.get(step.name)
    if (known !== undefined) return known
    const outcome = decide(step)
    outcomes.set(step.name, outcome)
    return outcome
  }
  const decide = async (step: StepDefinition): Promise<StepRun> => {
    const needed = run.definition.steps.filter(({ name }) => step.needs.includes(name))
    const before = await Promise.all(needed.map(outcomeOf))
    const stepRun = stepRuns.get(step.name) as StepRun
    const blocker = before.find(({ state }) => !isStepDone(state))
    const outcome = isStepFinished(stepRun.state)
      ? stepRun
      : blocker === undefined
        ? await executeStep({ run, step, stepRun, facts, signal }, tools)
        : await leaveOut(stepRun, blocker, tools)
    if (isStepDone(outcome.state)) outputs.set(step.name, outcome.outputs)
    return outcome
  }
  // All of them, also when one is cut off: nothing may go on behind the back of a job that has ended.
  const settled = await Promise.allSettled(run.definition.steps.map(outcomeOf))
  const cut = settled.find((result) => result.status === 'rejected')
  if (cut !== undefined) throw cut.reason
  const ended = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const failed = ended.filter(({ state }) => state === 'failed')
  if (failed.length > 0) await finishRun(run, 'failed', { tools, failure: runFailure(failed) })
  else if (ended.some(({ state }) => state === 'cancelled')) await finishRun(run, 'cancelled', { tools })
  else await finishRun(run, 'succeeded', { tools })
}

async function leaveOut(stepRun: StepRun, blocker: StepRun, { store, live, platform }: RunTools) {
  const cancelled = blocker.state === 'cancelled'
  const change = {
    state: cancelled ? 'cancelled' : 'skipped',
    reasons: cancelled ? [] : [`${blocker.step} ${blocker.state === 'failed' ? 'failed' : 'was skipped'}`],
    finishedAt: platform.clock.now(),
  } as const
  await store.updateStep(stepRun.id, change)
  live.changed(stepRun.runId)
  return { ...stepRun, ...change }
}

/** Which steps may not be taken from the cache. */
export function forcedSteps({
  selection,
  definition,
}: Pick<PipelineRun, 'selection' | 'definition'>): (step: string) => boolean {
  const { force, from } = selection
  const after = from === undefined ? new Set<string>() : downstreamOf(definition, from)
  return (step) => force === true || (Array.isArray(force) && force.includes(step)) || after.has(step)
}

/** The end of a run: once in the store, then told. */
export async function finishRun(
  run: PipelineRun,
  state: Extract<RunState, 'succeeded' | 'failed' | 'cancelled'>,
  { tools, failure }: { readonly tools: RunTools; readonly failure?: Failure },
): Promise<void> {
  const finishedAt = tools.platform.clock.now()
  await tools.store.finishRun(run.id, {
    state,
    finishedAt,
    ...(failure === undefined ? {} : { failure }),
  })
  tools.live.changed(run.id)
  await announceEnd(run.id, tools)
  // What a killed process left there; attempts tidy up after themselves.
  await rm(workDirectoryOf(tools.platform.config.home, run.id), { recursive: true, force: true }).catch(
    () => undefined,
  )
}

/** Tells that a run has ended, unless that was told: the process may have died in between. */
export async function announceEnd(runId: string, { store, platform }: RunTools): Promise<void> {
  const run = await store.getRun(runId)
  if (run === undefined || run.announced || !isFinished(run.state)) return
  await platform.events.emit({
    type: 'pipeline.finished',
    subject: `pipeline-run/${run.id}`,
    actor: run.actor,
    payload: {
      pipeline: run.pipeline,
      runId: run.id,
      state: run.state,
      trigger: run.trigger,
      ...(run.failure === undefined ? {} : { error: run.failure.message }),
      durationMs: (run.finishedAt ?? run.createdAt) - run.createdAt,
    },
  })
  await store.updateRun(run.id, { announced: true })
}

async function tellStarted(run: PipelineRun, { platform }: RunTools): Promise<void> {
  await platform.events.emit({
    type: 'pipeline.started',
    subject: `pipeline-run/${run.id}`,
    actor: run.actor,
    payload: {
      pipeline: run.pipeline,
      runId: run.id,
      trigger: run.trigger,
      parameters: run.parameters,
    },
  })
}
