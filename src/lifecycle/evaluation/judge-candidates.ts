import { fail } from '#contract/errors'
import type { StepContext } from '#lifecycle/pipelines/index'
import type { BlobStore, Digest } from '#platform/blobs/index'
import type { Clock } from '#platform/clock'
import type { ChampionSource } from './champion-point.ts'
import type { Candidate, Contest } from './contest.ts'
import type { MetricName, MetricValue } from './contract.ts'
import type { EvaluateConfig } from './evaluate-form.ts'
import type { ReferenceModel } from './evaluate.ts'
import type { EvaluationResult } from './evaluation-result.ts'
import type { EvaluationThread } from './evaluation-thread.ts'
import type { Holdout } from './holdout.ts'
import type { ModelEvaluation } from './model-evaluation.ts'
import type { ModelScorer, ScorableModel } from './scorer-point.ts'

export interface Evaluation {
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly scorer: ModelScorer
  readonly champions: ChampionSource
  readonly settings: ModelEvaluation
  readonly contest: Contest
  readonly holdout: Holdout
  readonly thread: EvaluationThread
}

/** Scores every candidate, picks the best by one metric, and judges that one by the gates. */
export async function judgeCandidates(
  context: StepContext<EvaluateConfig>,
  evaluation: Evaluation,
): Promise<EvaluationResult> {
  const { settings, contest, holdout, thread, blobs, scorer } = evaluation
  const { candidates } = contest
  const measured: { candidate: Candidate; metrics: MetricValue[] }[] = []
  for (const [index, candidate] of candidates.entries()) {
    context.progress({ fraction: index / (candidates.length + 2), text: `scoring ${candidate.name}` })
    const startedAt = performance.now()
    const scores = shared(await scorer.score(scorable(candidate, blobs), holdout.frame))
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    context.log(`${candidate.name} scored ${holdout.frame.rows} rows in ${seconds} s`)
    holdout.scores.set(candidate.name, scores)
    const input = { task: settings.task, labels: holdout.labels, scores }
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
      ...(best.candidate.registered === undefined ? {} : { registered: best.candidate.registered }),
    },
    trainedOn: contest.trainedOn,
    evaluatedOn: { label: holdout.input.label, digest: holdout.input.digest, rows: holdout.frame.rows },
    report,
  }
}

export function scorable({ name, files, signature, format }: Candidate, blobs: BlobStore): ScorableModel {
  return {
    label: name,
    ...signature,
    format,
    paths: files.map(({ path }) => path),
    read: async (path) => {
      const file = files.find((candidate) => candidate.path === path)
      return file === undefined
        ? fail('not_found', `The candidate ${name} has no ${path}.`)
        : blobs.get(file.digest as Digest)
    },
  }
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
function baselineOf(winner: Candidate, { contest, holdout }: Evaluation): ReferenceModel {
  const baseline = contest.candidates.find(({ trainer }) => trainer === 'majority' || trainer === 'mean')
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

/** On shared memory, so that the thread that measures reads the same bytes. */
function shared(values: Float64Array): Float64Array {
  const copy = new Float64Array(new SharedArrayBuffer(values.byteLength))
  copy.set(values)
  return copy
}
