import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DevmlopsError } from '#contract/errors'
import { formatDuration } from '#contract/units'
import type { Assessment, RunFacts } from './assessment.ts'
import type { StepOutput } from './contract.ts'
import type { StepDefinition } from './definition.ts'
import { storeProducts } from './output-store.ts'
import type { PipelineRun, StepRun } from './pipeline-run.ts'
import type { RunTools } from './run-tools.ts'
import { stepEnvironment } from './step-environment.ts'
import { openInputs } from './step-input.ts'
import { kindNamed, type StepContext } from './step-kind-point.ts'
import { StepLog, stepLogPath } from './step-log.ts'

export interface Attempt {
  readonly run: PipelineRun
  readonly step: StepDefinition
  readonly stepRun: StepRun
  readonly facts: RunFacts
  readonly assessment: Assessment
  /** Ends with a cancel or with the process. */
  readonly signal: AbortSignal
}

/** An attempt that failed, with the end of what it printed. */
export class AttemptError extends Error {
  readonly lastLines: readonly string[]

  constructor(cause: unknown, lastLines: readonly string[]) {
    super('a step failed', { cause })
    this.lastLines = lastLines
  }
}

const shownLines = 20
/** How long a kind has to end after its signal, beyond what a command gets to tidy up. */
const leaveBehindMs = 15_000

/** Runs a step once and stores what it made. Throws {@link AttemptError}. */
export async function attemptStep(attempt: Attempt, tools: RunTools): Promise<StepOutput[]> {
  const { run, step, stepRun } = attempt
  const { home } = tools.platform.config
  const workDirectory = join(workDirectoryOf(home, run.id), `${step.name}.${stepRun.attempt}`)
  const live = tools.live.addStep(stepRun.id)
  const limit = new AbortController()
  const timer =
    step.timeoutMs === undefined ? undefined : setTimeout(() => limit.abort(timeOut(step)), step.timeoutMs)
  const signal = AbortSignal.any([attempt.signal, limit.signal])
  try {
    live.log = new StepLog(stepLogPath(home, stepRun))
    await rm(workDirectory, { recursive: true, force: true })
    await mkdir(workDirectory, { recursive: true, mode: 0o700 })
    const context = await contextOf(attempt, { tools, workDirectory, signal })
    const kind = kindNamed(step.kind, tools.kinds)
    const products = await orLeftBehind(kind.run(context), signal)
    signal.throwIfAborted()
    return await storeProducts(products, step.outputs, { blobs: tools.blobs, workDirectory })
  } catch (error) {
    // What the abort broke is not the reason; the abort is.
    const reason: unknown = signal.aborted ? signal.reason : error
    throw new AttemptError(reason, live.log?.lastLines(shownLines) ?? [])
  } finally {
    clearTimeout(timer)
    live.log?.close()
    tools.live.removeStep(stepRun.id)
    await rm(workDirectory, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Where the steps of a run work; nothing in it outlives the run. */
export function workDirectoryOf(home: string, runId: string): string {
  return join(home, 'work', runId)
}

async function contextOf(
  { run, step, stepRun, facts, assessment }: Attempt,
  { tools, workDirectory, signal }: { tools: RunTools; workDirectory: string; signal: AbortSignal },
): Promise<StepContext> {
  const live = tools.live.step(stepRun.id)
  return {
    config: step.config,
    pipeline: run.pipeline,
    step: step.name,
    pipelineRunId: run.id,
    stepRunId: stepRun.id,
    attempt: stepRun.attempt,
    actor: run.actor,
    trigger: run.trigger,
    code: run.code,
    projectDirectory: facts.project.directory,
    inputs: await openInputs(assessment.inputs, {
      blobs: tools.blobs,
      datasets: tools.datasets,
      projectDirectory: facts.project.directory,
      outputs: facts.outputs,
    }),
    parameters: assessment.parameters,
    outputs: step.outputs,
    seed: step.seed,
    environment: stepEnvironment(step, kindNamed(step.kind, tools.kinds), facts.project),
    workDirectory,
    signal,
    log: (line) => {
      live?.log?.line(line)
      tools.live.changed(run.id)
    },
    print: (chunk) => {
      live?.log?.write(chunk)
      tools.live.changed(run.id)
    },
    progress: (progress) => {
      if (live !== undefined) live.progress = progress
      tools.live.changed(run.id)
    },
    keepHandle: (handle) => tools.store.updateStep(stepRun.id, { handle }),
  }
}

function timeOut(step: StepDefinition): DevmlopsError {
  return new DevmlopsError(
    'timed_out',
    `It took longer than its limit of ${formatDuration(step.timeoutMs ?? 0)}.`,
    { hint: `Raise \`timeout\` of the step "${step.name}", or find out from its log what it waits for.` },
  )
}

/** A kind that does not hear its signal must not hold up the run for ever. */
async function orLeftBehind<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  let leave = (): void => undefined
  const left = new Promise<never>((_resolve, reject) => {
    leave = () => {
      timer = setTimeout(() => reject(signal.reason as Error), leaveBehindMs)
    }
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([work, left])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', leave)
  }
}
