import { availableParallelism } from 'node:os'
import { fail } from '#contract/errors'
import { definitionDigest, requireView, type ViewsConfig, type ViewUse } from '#lifecycle/features/index'
import type { StepContext, StepForm, StepInput, StepKind } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import { systemCaller } from '#platform/access/access'
import { nearestName } from '#platform/nearest-name'
import { openTables, type Frame } from '#platform/tables/index'
import { fitCandidates, type TrainingData } from './candidate-pool.ts'
import { recordOutcome, startRuns } from './candidate-runs.ts'
import { namedCandidates, trainStepSchema, type Candidate, type TrainStep } from './contract.ts'
import { inferTask, readLabel } from './label-column.ts'
import {
  columnsOfRequest,
  prepareFeatures,
  readingOf,
  wantedFeatures,
  type PreparedTable,
  type WantedFeatures,
} from './prepare-features.ts'
import { checkCandidates } from './trainer-choice.ts'
import type { Trainer } from './trainer-point.ts'
import type { TrainingResult } from './training-result.ts'

/** A feature that seems to know the answer; `error` stops training. */
export interface LeakFinding {
  readonly severity: 'error' | 'warning'
  readonly reason: string
}

export interface TrainStepDependencies {
  readonly tracking: TrackingService
  /** Looks for the label among the features; evaluation fills it. */
  readonly findLeaks: (data: TrainingData) => readonly LeakFinding[]
  /** Features that the project defines. */
  readonly views: () => Promise<ViewsConfig>
  /** Keeps which definition a model learned from. */
  readonly recordUse: (use: ViewUse) => Promise<void>
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
    environment: async (config) => ({
      node: process.version,
      ...(await definitions(config, await dependencies.views())),
    }),
    run: async (context) => ({ result: { kind: 'json', value: await train(context, dependencies) } }),
  }
}

async function train(
  context: StepContext<TrainStep>,
  dependencies: TrainStepDependencies,
): Promise<TrainingResult> {
  const { config } = context
  const candidates = namedCandidates(config)
  const views = await dependencies.views()
  const wanted = wantedFeatures(config, views)
  const { data, fitted } = await readData(context, wanted)
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
  for (const [name, id] of runs) {
    for (const use of usesOf(wanted, views)) {
      await dependencies.recordUse({ ...use, user: { kind: 'run', id, name }, actor: context.actor })
    }
  }
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
          fitted,
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

/** A changed definition of a feature that the step names is a reason to train again. */
async function definitions(config: TrainStep, views: ViewsConfig): Promise<Record<string, string>> {
  return Object.fromEntries(
    usesOf(wantedFeatures(config, views), views).map(({ view, definition }) => [
      `feature view ${view}`,
      definitionDigest(definition),
    ]),
  )
}

function usesOf(
  { computed }: WantedFeatures,
  views: ViewsConfig,
): Pick<ViewUse, 'view' | 'definition' | 'features'>[] {
  const named = computed.flatMap(({ view }) => view ?? [])
  return [...Map.groupBy(named, ({ name }) => name)].map(([view, features]) => ({
    view,
    definition: requireView(views, view),
    features: features.map(({ feature }) => feature),
  }))
}

async function readData(
  context: StepContext<TrainStep>,
  wanted: WantedFeatures,
): Promise<{ data: TrainingData; fitted: PreparedTable['fitted'] }> {
  const { config } = context
  const { frame, types } = await readFrame(context, dataInput(context), wanted)
  const later = context.inputs['validation']
  const validation = later === undefined ? undefined : (await readFrame(context, later, wanted)).frame
  const task = config.task ?? inferTask(frame, config.label)
  const spec = {
    task,
    label: config.label,
    ...(config.positive === undefined ? {} : { positive: config.positive }),
    ...(config.weight === undefined ? {} : { weight: config.weight }),
  }
  const { fitted, ...prepared } = prepareFeatures({
    wanted,
    frame,
    validation,
    types,
    label: () => readLabel(frame, { ...spec, features: [] }),
  })
  const data = {
    ...spec,
    seed: config.seed,
    frame: prepared.frame,
    features: prepared.features,
    preparation: prepared.preparation,
    ...(prepared.validation === undefined ? {} : { validation: prepared.validation }),
  }
  return { data, fitted }
}

async function readFrame(
  context: StepContext<TrainStep>,
  input: StepInput,
  wanted: WantedFeatures,
): Promise<{ frame: Frame; types: ReadonlyMap<string, string> }> {
  const { config } = context
  const relation =
    input.relation ?? fail('invalid_input', `${input.label} is not a table.`, { at: input.reference })
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: `${context.workDirectory}/tables`,
  })
  try {
    const types = new Map(
      (await tables.columns(`SELECT * FROM ${relation}`)).map(({ name, type }) => [name, type]),
    )
    const names = new Set([
      config.label,
      ...wanted.plain.map(({ name }) => name),
      ...wanted.computed.flatMap(columnsOfRequest),
      ...(config.weight === undefined ? [] : [config.weight]),
    ])
    const list = [...names].map((name) => {
      const type = types.get(name) ?? failOnColumn(name, input.label, [...types.keys()])
      return readingOf(name, type, wanted)
    })
    return { frame: await tables.frame(`SELECT ${list.join(', ')} FROM ${relation}`), types }
  } finally {
    tables.close()
  }
}

function failOnColumn(name: string, label: string, there: readonly string[]): never {
  const near = nearestName(name, there)
  return fail('invalid_input', `${label} has no column "${name}".`, {
    hint: near === undefined ? `Its columns are ${there.join(', ')}.` : `Did you mean "${near}"?`,
    at: name,
  })
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
