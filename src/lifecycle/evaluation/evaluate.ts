import type { Frame } from '#platform/tables/frame'
import { calibrationTable } from './calibration.ts'
import { comparePaired } from './comparison.ts'
import { type Comparison, metricsOfTask } from './contract.ts'
import { curvesOf } from './curves.ts'
import { confusionMatrix } from './decision-metrics.ts'
import type { GateResult, ReferenceName } from './gate.ts'
import type { Evidence, ReferenceEvidence } from './gate-evidence.ts'
import { judgeGates } from './judge-gate.ts'
import { measurePrepared, metrics } from './measure.ts'
import { defaultMetricOptions } from './metric.ts'
import type { ModelEvaluation } from './model-evaluation.ts'
import type { EvaluationReport } from './report.ts'
import { type PreparedRows, prepareRows } from './scored-rows.ts'
import { brokenSlices, measureSlices } from './slice.ts'

/**
 * Another model's scores of the same rows, or that there is none. Saying nothing is not an option: a champion
 * that could not be loaded must fail the gates that compare with it, while one that does not exist lets them
 * be skipped.
 */
export type ReferenceModel =
  | { readonly status: 'scored'; readonly name: string; readonly scores: Float64Array }
  | { readonly status: 'none' }
  | { readonly status: 'unavailable'; readonly name: string; readonly reason: string }

export interface EvaluationInput {
  readonly about: Pick<EvaluationReport, 'model' | 'runId' | 'dataset' | 'period' | 'evaluatedAt'>
  readonly settings: ModelEvaluation
  /** 0 or 1 for a binary task, numbers for regression; one a row. */
  readonly labels: ArrayLike<number>
  /** The candidate's scores: probabilities or predicted numbers. */
  readonly scores: Float64Array
  readonly weights?: Float64Array
  /** The rows' columns, for slices. */
  readonly frame: Frame
  readonly references: Readonly<Record<ReferenceName, ReferenceModel>>
  /** For gates that ask for a bootstrap. */
  readonly seed: number
}

/** Measures, slices, compares and judges; never throws on bad rows, but reports them and fails the gates. */
export function evaluate(input: EvaluationInput): EvaluationReport {
  const { about, settings } = input
  const { task, threshold } = settings
  const options = { ...defaultMetricOptions, threshold }
  const prepared = prepare(input, input.scores)
  const rows = prepared.status === 'ready' ? prepared.rows : undefined
  const isBinary = task === 'binary'
  const references = referencesOf(input, prepared)
  const evidence: Evidence = {
    metrics: metricsOfTask[task].map((name) => measurePrepared(metrics[name], prepared, options)),
    slices:
      prepared.status === 'ready'
        ? measureSlices({ rows: prepared.rows, frame: input.frame }, settings.slices, options)
        : brokenSlices(settings.slices, task, prepared.reason),
    references: { champion: references.champion.evidence, baseline: references.baseline.evidence },
  }
  const gates = judgeGates(settings.gates, evidence)
  return {
    formatVersion: 1,
    model: about.model,
    runId: about.runId,
    dataset: about.dataset,
    period: about.period,
    evaluatedAt: about.evaluatedAt,
    task,
    threshold,
    n: input.scores.length,
    nPositive: isBinary ? (rows?.nPositive ?? 0) : null,
    metrics: [...evidence.metrics],
    confusion: isBinary && rows !== undefined ? confusionMatrix(rows, threshold) : null,
    calibration: isBinary && rows !== undefined ? [...calibrationTable(rows, options.bins)] : [],
    curves: isBinary && rows !== undefined ? (curvesOf(rows) ?? null) : null,
    slices: [...evidence.slices],
    references: [references.champion.entry, references.baseline.entry],
    gates: [...gates],
    verdict: verdictOf(gates),
  }
}

type ReferenceEntry = EvaluationReport['references'][number]

interface Reference {
  readonly evidence: ReferenceEvidence
  readonly entry: ReferenceEntry
}

function referencesOf(input: EvaluationInput, candidate: PreparedRows): Record<ReferenceName, Reference> {
  return {
    champion: referenceOf('champion', input, candidate),
    baseline: referenceOf('baseline', input, candidate),
  }
}

function referenceOf(role: ReferenceName, input: EvaluationInput, candidate: PreparedRows): Reference {
  const model = input.references[role]
  if (model.status === 'none') {
    return {
      evidence: { status: 'none' },
      entry: { role, name: null, status: 'none', reason: null, comparisons: [] },
    }
  }
  if (model.status === 'unavailable') {
    const { name, status, reason } = model
    return { evidence: { status, reason }, entry: { role, name, status, reason, comparisons: [] } }
  }
  const comparisons = comparisonsWith(role, { input, candidate, reference: prepare(input, model.scores) })
  return {
    evidence: { status: 'compared', comparisons },
    entry: { role, name: model.name, status: 'compared', reason: null, comparisons },
  }
}

interface Pair {
  readonly input: EvaluationInput
  readonly candidate: PreparedRows
  readonly reference: PreparedRows
}

/** Every metric that has a better side; resampled where a gate asks for that. */
function comparisonsWith(role: ReferenceName, { input, candidate, reference }: Pair): Comparison[] {
  const { settings, seed } = input
  const resampled = new Set(
    settings.gates
      .filter((gate) => gate.bootstrap === true && (gate.no_worse_than ?? gate.better_than) === role)
      .map(({ metric }) => metric),
  )
  return metricsOfTask[settings.task]
    .filter((name) => metrics[name].higherIsBetter !== null)
    .map((name) =>
      comparePaired(
        name,
        { candidate, reference },
        { threshold: settings.threshold, ...(resampled.has(name) ? { bootstrap: { seed } } : {}) },
      ),
    )
}

function prepare({ settings, labels, weights, frame }: EvaluationInput, scores: Float64Array): PreparedRows {
  if (frame.rows !== scores.length) {
    return { status: 'error', reason: `there are ${scores.length} scores for ${frame.rows} rows of data` }
  }
  return prepareRows({ task: settings.task, labels, scores, weights })
}

function verdictOf(gates: readonly GateResult[]): EvaluationReport['verdict'] {
  if (gates.length === 0) return { outcome: 'no_gates', reason: 'the model has no gates' }
  const failed = gates.filter(({ outcome }) => outcome === 'failed')
  if (failed.length > 0) {
    const reasons = failed.map(({ gate, reason }) => `${gate}: ${reason}`).join('; ')
    return { outcome: 'failed', reason: `${failed.length} of ${gates.length} gates failed: ${reasons}` }
  }
  const skipped = gates.filter(({ outcome }) => outcome === 'skipped').length
  if (skipped === 0) return { outcome: 'passed', reason: `all ${gates.length} gates passed` }
  return {
    outcome: 'passed',
    reason: `${gates.length - skipped} of ${gates.length} gates passed, ${skipped} skipped`,
  }
}
