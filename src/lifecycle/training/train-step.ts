import { availableParallelism } from 'node:os'
import { fail } from '#contract/errors'
import type { StepContext, StepForm, StepInput, StepKind } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import { systemCaller } from '#platform/access/access'
import { nearestName } from '#platform/nearest-name'
import { openTables, quoteName, type Frame } from '#platform/tables/index'
import { fitCandidates, type TrainingData } from './candidate-pool.ts'
import { recordOutcome, startRuns } from './candidate-runs.ts'
import { featuresOf, namedCandidates, trainStepSchema, type Candidate, type TrainStep } from './contract.ts'
import { inferTask } from './label-column.ts'
import { checkCandidates } from './trainer-choice.ts'
import type { Trainer } from './trainer-point.ts'
import type { TrainingResult } from './training-result.ts'
import { featureSpecsOf } from './training-table.ts'

/** A feature that seems to know the answer; `error` stops training. */
export interface LeakFinding {
  readonly severity: 'error' | 'warning'
  readonly reason: string
}

export interface TrainStepDependencies {
  readonly tracking: TrackingService
  /** Looks for the label among the features; evaluation fills it. */
  readonly findLeaks: (data: TrainingData) => readonly LeakFinding[]
  /** See `CandidateWork.trainersModule`. */
  readonly trainersModule: string
}

export const trainForm: StepForm<TrainStep> = {
  name: 'train',
  summary: 'Fit candidates in parallel and record each as a run',
  schema: trainStepSchema,
  inputs: ({ data, validation }) => ({ data, ...(validation === undefined ? {} : { validation }) }),
  outputs: () => [{ name: 'result', kind: 'json' }],
}

/** The `train` step: every candidate is a tracked run with its parameters, its progress and its model as ONNX. */
export function trainStep(dependencies: TrainStepDependencies): StepKind<TrainStep> {
  return {
    ...trainForm,
    version: '1',
    usesAllCores: true,
    environment: async () => ({ node: process.version }),
    run: async (context) => ({ result: { kind: 'json', value: await train(context, dependencies) } }),
  }
}

async function train(
  context: StepContext<TrainStep>,
  dependencies: TrainStepDependencies,
): Promise<TrainingResult> {
  const { config } = context
  const candidates = namedCandidates(config)
  const data = await readData(context)
  const { trainers } = (await import(dependencies.trainersModule)) as { trainers: readonly Trainer[] }
  checkCandidates(candidates, trainers, data.task)
  for (const leak of dependencies.findLeaks(data)) {
    context.log(`leak ${leak.severity}: ${leak.reason}`)
    if (leak.severity === 'error') {
      fail('training_failed', `The label leaks into the features: ${leak.reason}.`, {
        hint: 'Leave the feature out; a model that sees the answer learns nothing else.',
      })
    }
  }
  const runs = await startRuns(context, { tracking: dependencies.tracking, candidates, data })
  const settled = new Set<string>()
  const progress = progressOf(context, candidates)
  try {
    const outcomes = await fitCandidates({
      data,
      candidates,
      concurrency: availableParallelism(),
      trainersModule: dependencies.trainersModule,
      signal: context.signal,
      onProgress: (candidate, { iteration, iterations }) => progress(candidate, iteration / iterations),
      onFinished: ({ candidate }) => progress(candidate, 1),
    })
    const finished: TrainingResult['candidates'] = []
    for (const outcome of outcomes) {
      finished.push(
        await recordOutcome(context, dependencies.tracking, {
          outcome,
          runId: runs.get(outcome.candidate.name) ?? '',
        }),
      )
      settled.add(outcome.candidate.name)
    }
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'failed' ? [outcome.error] : []))
    if (failures[0] !== undefined && failures.length === outcomes.length) throw failures[0]
    return {
      task: data.task,
      label: data.label,
      ...(data.positive === undefined ? {} : { positive: data.positive }),
      features: data.features.map(({ name }) => name),
      trainedOn: {
        label: dataInput(context).label,
        digest: dataInput(context).digest,
        rows: data.frame.rows,
      },
      candidates: finished,
    }
  } finally {
    // Whatever ended the step early, no run is left that seems to be running.
    for (const [name, runId] of runs) {
      if (!settled.has(name)) await dependencies.tracking.finishRun(runId, 'KILLED', systemCaller('training'))
    }
  }
}

function dataInput(context: StepContext<TrainStep>): StepInput {
  return context.inputs['data'] ?? fail('internal', 'The step has no data.')
}

async function readData(context: StepContext<TrainStep>): Promise<TrainingData> {
  const { config } = context
  const columns = [
    config.label,
    ...featuresOf(config).map(({ name }) => name),
    ...(config.weight === undefined ? [] : [config.weight]),
  ]
  const frame = await readFrame(context, dataInput(context), columns)
  const validation = context.inputs['validation']
  const task = config.task ?? inferTask(frame, config.label)
  return {
    frame,
    task,
    label: config.label,
    features: featureSpecsOf(frame, featuresOf(config)),
    seed: config.seed,
    ...(config.positive === undefined ? {} : { positive: config.positive }),
    ...(config.weight === undefined ? {} : { weight: config.weight }),
    ...(validation === undefined ? {} : { validation: await readFrame(context, validation, columns) }),
  }
}

async function readFrame(
  context: StepContext<TrainStep>,
  input: StepInput,
  wanted: readonly string[],
): Promise<Frame> {
  const relation =
    input.relation ?? fail('invalid_input', `${input.label} is not a table.`, { at: input.reference })
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: `${context.workDirectory}/tables`,
  })
  try {
    const there = (await tables.columns(`SELECT * FROM ${relation}`)).map(({ name }) => name)
    const missing = wanted.find((name) => !there.includes(name))
    if (missing !== undefined) {
      const near = nearestName(missing, there)
      fail('invalid_input', `${input.label} has no column "${missing}".`, {
        hint: near === undefined ? `Its columns are ${there.join(', ')}.` : `Did you mean "${near}"?`,
        at: missing,
      })
    }
    return await tables.frame(`SELECT ${[...new Set(wanted)].map(quoteName).join(', ')} FROM ${relation}`)
  } finally {
    tables.close()
  }
}

function progressOf(context: StepContext<TrainStep>, candidates: readonly Candidate[]) {
  const done = new Map<string, number>(candidates.map(({ name }) => [name, 0]))
  return (candidate: Candidate, fraction: number): void => {
    done.set(candidate.name, fraction)
    const total = [...done.values()].reduce((sum, value) => sum + value, 0)
    const working = [...done].filter(([, value]) => value > 0 && value < 1)
    const text = working.map(([name, value]) => `${name} ${Math.round(value * 100)} %`).join(', ')
    context.progress({ fraction: total / done.size, text: text === '' ? 'training' : text })
  }
}
