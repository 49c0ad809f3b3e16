import { setTimeout as pause } from 'node:timers/promises'
import { formatDuration } from '#contract/units'
import { assess, type Assessment, type RunFacts } from './assessment.ts'
import type { Failure, StepState } from './contract.ts'
import type { StepDefinition } from './definition.ts'
import { failureOf, mayPass } from './failure.ts'
import { isStepFinished, type PipelineRun, type StepRun } from './pipeline-run.ts'
import type { RunTools } from './run-tools.ts'
import { AttemptError, attemptStep } from './step-attempt.ts'
import { kindNamed } from './step-kind-point.ts'

export interface StepExecution {
  readonly run: PipelineRun
  readonly step: StepDefinition
  readonly stepRun: StepRun
  readonly facts: RunFacts
  readonly signal: AbortSignal
}

const longestRetryDelayMs = 60_000

/**
 * Takes a step to its end: from the cache, or by running it as often as it may be tried. The store knows every
 * transition before the next one begins. Throws only when the process ends; the step then stays as it is.
 */
export async function executeStep(execution: StepExecution, tools: RunTools): Promise<StepRun> {
  const { run, step, facts, signal } = execution
  let stepRun = execution.stepRun
  const change = async (fields: Partial<StepRun>): Promise<StepRun> => {
    await tools.store.updateStep(stepRun.id, fields)
    stepRun = { ...stepRun, ...fields }
    tools.live.changed(run.id)
    if (isStepFinished(stepRun.state) && stepRun.state !== 'cached') await tell(stepRun, run, tools)
    return stepRun
  }
  const now = (): number => tools.platform.clock.now()

  if (stepRun.handle !== undefined) await tools.executor.stopOrphan(stepRun.handle)
  let assessment: Assessment
  try {
    assessment = await assess(step, facts, tools)
  } catch (error) {
    return change({ state: 'failed', failure: failureOf(error), finishedAt: now() })
  }
  const { reuse, reasons, inputs, key, parts } = assessment
  const known = { reasons, inputs, cacheKey: key, cacheParts: parts, handle: undefined }
  if (reuse !== undefined) {
    return change({
      ...known,
      state: 'cached',
      outputs: reuse.outputs,
      cachedFrom: reuse.runId,
      finishedAt: now(),
    })
  }
  const cores = kindNamed(step.kind, tools.kinds).usesAllCores === true ? Number.POSITIVE_INFINITY : 1
  for (let tries = 0; ; tries++) {
    let release: (() => void) | undefined
    try {
      release = await tools.budget.acquire(cores, signal)
      await change({
        ...known,
        state: 'running',
        attempt: stepRun.attempt + 1,
        startedAt: stepRun.startedAt ?? now(),
      })
      const outputs = await attemptStep({ run, step, stepRun, facts, assessment, signal }, tools)
      const unchanged = (await assess(step, facts, tools)).key === key
      return await change({
        state: 'succeeded',
        outputs,
        failure: undefined,
        handle: undefined,
        finishedAt: now(),
        // Somebody edited the code meanwhile: nobody can say which of the two made this.
        ...(unchanged ? {} : { cacheKey: undefined }),
      })
    } catch (error) {
      if (signal.aborted) {
        if (!(await tools.store.isCancelRequested(run.id))) throw error
        return await change({ state: 'cancelled', handle: undefined, finishedAt: now() })
      }
      const failure = attemptFailure(error)
      if (tries >= step.retries || !mayPass(causeOf(error))) {
        return await change({ state: 'failed', failure, handle: undefined, finishedAt: now() })
      }
      await change({ failure, handle: undefined })
      release?.()
      await waitToRetry({ ...execution, stepRun, tries }, tools)
    } finally {
      release?.()
    }
  }
}

async function waitToRetry(
  { run, step, stepRun, signal, tries }: StepExecution & { readonly tries: number },
  tools: RunTools,
): Promise<void> {
  const delayMs = Math.min(longestRetryDelayMs, step.retryDelayMs * 2 ** tries)
  const live = tools.live.addStep(stepRun.id)
  live.progress = {
    text: `failed; try ${tries + 2} of ${step.retries + 1} begins in ${formatDuration(delayMs)}`,
  }
  tools.live.changed(run.id)
  // An abort ends the wait; the next attempt then finds the signal aborted.
  await pause(delayMs, undefined, { signal }).catch(() => undefined)
  tools.live.removeStep(stepRun.id)
}

function causeOf(error: unknown): unknown {
  return error instanceof AttemptError ? error.cause : error
}

function attemptFailure(error: unknown): Failure {
  return failureOf(causeOf(error), error instanceof AttemptError ? error.lastLines : [])
}

async function tell(stepRun: StepRun, run: PipelineRun, { platform }: RunTools): Promise<void> {
  const state: StepState = stepRun.state
  await platform.events.emit({
    type: 'step.finished',
    subject: `pipeline-run/${run.id}`,
    actor: run.actor,
    payload: {
      pipeline: run.pipeline,
      runId: run.id,
      step: stepRun.step,
      state,
      ...(stepRun.failure === undefined ? {} : { error: stepRun.failure.message }),
      ...(stepRun.startedAt === undefined || stepRun.finishedAt === undefined
        ? {}
        : { durationMs: stepRun.finishedAt - stepRun.startedAt }),
    },
  })
}
