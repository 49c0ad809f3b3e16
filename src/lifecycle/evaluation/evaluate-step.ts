import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fail } from '#contract/errors'
import { profileFrame } from '#lifecycle/data/index'
import type { StepContext, StepForm, StepInput, StepKind } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import {
  modelFileName,
  trainingResultSchema,
  type TrainedCandidate,
  type TrainingResult,
} from '#lifecycle/training/index'
import type { BlobStore, Digest } from '#platform/blobs/index'
import type { Clock } from '#platform/clock'
import { openTables, quoteName, type Frame } from '#platform/tables/index'
import type { ChampionSource } from './champion-point.ts'
import type { MetricName, MetricValue } from './contract.ts'
import type { ReferenceModel } from './evaluate.ts'
import { EvaluationThread } from './evaluation-thread.ts'
import { evaluationFiles, type EvaluationResult } from './evaluation-result.ts'
import { formatEstimate } from './format-number.ts'
import { labelValues } from './label-values.ts'
import type { ModelEvaluation } from './model-evaluation.ts'
import { renderReport } from './render-report.ts'
import type { EvaluationReport } from './report.ts'
import type { ModelScorer } from './scorer-point.ts'

const configSchema = z.strictObject({
  candidates: z.string().min(1).describe('The `train` step whose candidates are evaluated'),
  data: z.string().min(1).describe('A later period that no candidate has seen, such as prepare.holdout'),
  model: z.string().min(1).describe('The entry of `models` with the slices and gates'),
})
type EvaluateConfig = z.output<typeof configSchema>

export interface EvaluateStepDependencies {
  readonly tracking: TrackingService
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly scorer: ModelScorer
  readonly champions: ChampionSource
  readonly models: () => Promise<Readonly<Record<string, ModelEvaluation>>>
}

export const evaluateForm: StepForm<EvaluateConfig> = {
  name: 'evaluate',
  summary: 'Measure candidates on a later period, pick the best, judge it by the gates of `models`',
  schema: configSchema,
  inputs: ({ candidates, data }) => ({
    candidates: candidates.includes('.') ? candidates : `${candidates}.result`,
    data,
  }),
  outputs: () => [{ name: 'result', kind: 'json' }],
}

/** The `evaluate` step: measures all candidates on rows they have not seen, takes the best, and judges it by the gates. */
export function evaluateStep(dependencies: EvaluateStepDependencies): StepKind<EvaluateConfig> {
  return {
    ...evaluateForm,
    version: '1',
    usesAllCores: true,
    // The gates are part of the question. Who is champion is not: the same candidates on the same rows were judged
    // against the champion of their day, and a new champion is no reason to judge them again.
    environment: async ({ model }) => ({ gates: JSON.stringify(await settingsOf(dependencies, model)) }),
    run: (context) => runEvaluation(context, dependencies),
  }
}

async function settingsOf({ models }: EvaluateStepDependencies, name: string): Promise<ModelEvaluation> {
  const all = await models()
  return (
    all[name] ??
    fail('not_found', `devmlops.yaml has no model "${name}", which says how to evaluate.`, {
      hint: `Known: ${Object.keys(all).join(', ') || 'none'}. Add it under \`models\`.`,
    })
  )
}

async function runEvaluation(context: StepContext<EvaluateConfig>, dependencies: EvaluateStepDependencies) {
  const settings = await settingsOf(dependencies, context.config.model)
  const training = trainingResultSchema.parse(
    JSON.parse(await readFile(fileOf(context, 'candidates'), 'utf8')),
  )
  const candidates = training.candidates.filter((candidate) => candidate.status === 'trained')
  if (candidates.length === 0)
    fail('training_failed', 'No candidate could be trained, so there is none to evaluate.')
  const holdout = await readHoldout(context, { training, candidates, settings })
  const thread = new EvaluationThread()
  const stop = (): void => void thread.close()
  context.signal.addEventListener('abort', stop, { once: true })
  try {
    const result = await judge(context, { ...dependencies, settings, training, candidates, holdout, thread })
    const files = await record(context, dependencies, {
      result,
      frame: holdout.frame,
      scores: holdout.scores,
    })
    const { winner } = result
    context.log(`${winner.name} wins by ${result.selectedBy}: ${result.report.verdict.reason}`)
    const value: EvaluationResult = { ...result, winner: { ...winner, files: [...winner.files, ...files] } }
    return { result: { kind: 'json' as const, value } }
  } finally {
    context.signal.removeEventListener('abort', stop)
    await thread.close()
  }
}

interface Holdout {
  readonly input: StepInput
  readonly frame: Frame
  readonly labels: Float64Array
  readonly period: EvaluationReport['period']
  /** Scores by candidate name, filled while judging. */
  readonly scores: Map<string, Float64Array>
}

interface Evaluation extends EvaluateStepDependencies {
  readonly settings: ModelEvaluation
  readonly training: TrainingResult
  readonly candidates: readonly TrainedCandidate[]
  readonly holdout: Holdout
  readonly thread: EvaluationThread
}

async function judge(
  context: StepContext<EvaluateConfig>,
  evaluation: Evaluation,
): Promise<EvaluationResult> {
  const { settings, training, candidates, holdout, thread, blobs, scorer } = evaluation
  const measured: { candidate: TrainedCandidate; metrics: MetricValue[] }[] = []
  for (const [index, candidate] of candidates.entries()) {
    context.progress({ fraction: index / (candidates.length + 2), text: `scoring ${candidate.name}` })
    const startedAt = performance.now()
    const scores = await scorer.score(await scorable(candidate, blobs), holdout.frame)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    context.log(`${candidate.name} scored ${holdout.frame.rows} rows in ${seconds} s`)
    holdout.scores.set(candidate.name, shared(scores))
    const input = { task: settings.task, labels: holdout.labels, scores: shared(scores) }
    measured.push({ candidate, metrics: await thread.measure(input, settings.threshold) })
  }
  const selectedBy = settings.select_by ?? (settings.task === 'binary' ? 'log_loss' : 'rmse')
  const best = bestOf(measured, selectedBy)
  context.progress({ fraction: 0.8, text: `judging ${best.candidate.name}` })
  const report = await thread.evaluate({
    about: {
      model: context.config.model,
      runId: best.candidate.runId,
      dataset: { name: holdout.input.label, version: holdout.input.digest },
      period: holdout.period,
      evaluatedAt: new Date(evaluation.clock.now()).toISOString(),
    },
    settings,
    labels: holdout.labels,
    scores: holdout.scores.get(best.candidate.name) ?? new Float64Array(),
    frame: holdout.frame,
    references: {
      champion: await scoredChampion(context.config.model, evaluation),
      baseline: baselineOf(best.candidate, evaluation),
    },
    seed: context.seed,
  })
  return {
    model: context.config.model,
    selectedBy,
    candidates: measured.map(({ candidate: { name, trainer, runId }, metrics }) => ({
      name,
      trainer,
      runId,
      metrics,
    })),
    winner: {
      name: best.candidate.name,
      trainer: best.candidate.trainer,
      runId: best.candidate.runId,
      files: best.candidate.files,
      signature: best.candidate.signature,
    },
    trainedOn: training.trainedOn,
    evaluatedOn: { label: holdout.input.label, digest: holdout.input.digest, rows: holdout.frame.rows },
    report,
  }
}

async function scorable(candidate: TrainedCandidate, blobs: BlobStore) {
  const file =
    candidate.files.find(({ path }) => path === modelFileName) ??
    fail('not_found', `The candidate ${candidate.name} has no ${modelFileName}.`)
  return { label: candidate.name, onnx: await blobs.get(file.digest as Digest), ...candidate.signature }
}

async function scoredChampion(
  model: string,
  { champions, scorer, holdout }: Evaluation,
): Promise<ReferenceModel> {
  const champion = await champions.champion(model)
  if (champion.status !== 'found') return champion
  try {
    return {
      status: 'scored',
      name: champion.name,
      scores: shared(await scorer.score(champion.model, holdout.frame)),
    }
  } catch (error) {
    return {
      status: 'unavailable',
      name: champion.name,
      reason: error instanceof Error ? error.message : String(error),
    }
  }
}

/** The candidate that learned nothing but the average: what every model must beat. */
function baselineOf(winner: TrainedCandidate, { candidates, holdout }: Evaluation): ReferenceModel {
  const baseline = candidates.find(({ trainer }) => trainer === 'majority' || trainer === 'mean')
  const scores = baseline === undefined ? undefined : holdout.scores.get(baseline.name)
  if (baseline === undefined || scores === undefined || baseline.name === winner.name)
    return { status: 'none' }
  return { status: 'scored', name: baseline.name, scores }
}

function bestOf<Item extends { readonly metrics: readonly MetricValue[] }>(
  items: readonly Item[],
  by: MetricName,
): Item {
  const ranked = items
    .flatMap((item) => {
      const metric = item.metrics.find(({ name }) => name === by)
      return metric?.status === 'value' ? [{ item, metric }] : []
    })
    .sort((a, b) =>
      a.metric.higherIsBetter === true ? b.metric.value - a.metric.value : a.metric.value - b.metric.value,
    )
  const [first] = ranked
  if (first !== undefined) return first.item
  const metric = items[0]?.metrics.find(({ name }) => name === by)
  const reason = metric !== undefined && metric.status !== 'value' ? metric.reason : 'there is no such metric'
  return fail('training_failed', `No candidate has a ${by}, by which the best is picked: ${reason}.`)
}

async function readHoldout(
  context: StepContext<EvaluateConfig>,
  {
    training,
    candidates,
    settings,
  }: { training: TrainingResult; candidates: readonly TrainedCandidate[]; settings: ModelEvaluation },
): Promise<Holdout> {
  const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
  const relation = input.relation ?? fail('invalid_input', `${input.label} is not a table.`)
  const tables = await openTables({
    allowedDirectories: [],
    allowedPaths: input.allowedPaths,
    temporaryDirectory: `${context.workDirectory}/tables`,
  })
  try {
    const columns = await tables.columns(`SELECT * FROM ${relation}`)
    const needed = new Set([
      training.label,
      ...candidates.flatMap(({ signature }) => signature.inputs.map(({ name }) => name)),
      ...settings.slices.map((slice) => ('by' in slice ? slice.by : slice.column)),
    ])
    const readable = columns.filter(({ name }) => needed.has(name)).map(({ name }) => quoteName(name))
    if (readable.length === 0) fail('invalid_input', `${input.label} has none of the columns of the model.`)
    const frame = await tables.frame(`SELECT ${readable.join(', ')} FROM ${relation}`)
    if (frame.rows === 0) fail('invalid_input', `${input.label} has no rows to evaluate on.`)
    const time = columns.find(({ type }) => /^(TIMESTAMP|DATE)/.test(type))
    const [span] =
      time === undefined
        ? []
        : await tables.rows(
            `SELECT CAST(min(${quoteName(time.name)}) AS VARCHAR) AS "from", CAST(max(${quoteName(time.name)}) AS VARCHAR) AS "to" FROM ${relation}`,
          )
    const period = span === undefined ? null : { from: String(span['from']), to: String(span['to']) }
    const labels = labelValues(frame, {
      name: training.label,
      positive: training.positive,
      task: settings.task,
    })
    return { input, frame, labels, period, scores: new Map() }
  } finally {
    tables.close()
  }
}

/** The runs get what was measured; the winner's also the report and what its features looked like, as files. */
async function record(
  context: StepContext<EvaluateConfig>,
  { tracking }: EvaluateStepDependencies,
  {
    result,
    frame,
    scores,
  }: { result: EvaluationResult; frame: Frame; scores: ReadonlyMap<string, Float64Array> },
): Promise<EvaluationResult['winner']['files']> {
  for (const { runId, metrics } of result.candidates) {
    const values = metrics.flatMap((metric) =>
      metric.status === 'value' ? [{ key: `evaluation/${metric.name}`, value: metric.value }] : [],
    )
    await tracking.logBatch({ runId, metrics: values })
  }
  const { winner, report } = result
  const scoreName = report.task === 'binary' ? 'probability' : 'prediction'
  const columns = Object.fromEntries(
    Object.entries(frame.columns).filter(([name]) =>
      winner.signature.inputs.some((input) => input.name === name),
    ),
  )
  const profile = profileFrame({
    rows: frame.rows,
    columns: {
      ...columns,
      [scoreName]: { kind: 'number', values: scores.get(winner.name) ?? new Float64Array(frame.rows) },
    },
  })
  const files = [
    [evaluationFiles.report, JSON.stringify(report)],
    [evaluationFiles.summary, renderReport(report)],
    [evaluationFiles.referenceProfile, JSON.stringify(profile)],
  ] as const
  const stored = []
  for (const [name, text] of files) {
    const artifact = await tracking.logArtifact({
      runId: winner.runId,
      path: `model/${name}`,
      content: new TextEncoder().encode(text),
    })
    stored.push({ path: name, digest: artifact.digest, sizeBytes: artifact.sizeBytes })
  }
  await tracking.setTag(winner.runId, 'devmlops.verdict', report.verdict.outcome)
  for (const metric of report.metrics)
    if (metric.status === 'value')
      context.log(`${metric.name} ${formatEstimate(metric.value, metric.interval)}`)
  return stored
}

function fileOf(context: StepContext<EvaluateConfig>, input: string): string {
  return context.inputs[input]?.files[0]?.path ?? fail('internal', `The step has no input ${input}.`)
}

/** On shared memory, so that the thread that measures reads the same bytes. */
function shared(values: Float64Array): Float64Array {
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}
