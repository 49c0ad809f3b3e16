import { fail } from '#contract/errors'
import type { StepContext, StepKind } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { BlobStore } from '#platform/blobs/index'
import type { Clock } from '#platform/clock'
import { type CandidateSource, isModelUri } from './candidate-point.ts'
import type { ChampionSource } from './champion-point.ts'
import { readContest } from './contest.ts'
import { candidateNames, evaluateForm, type EvaluateConfig } from './evaluate-form.ts'
import { evaluationFiles, type EvaluationResult } from './evaluation-result.ts'
import { EvaluationThread } from './evaluation-thread.ts'
import { readHoldout } from './holdout.ts'
import { exampleFile } from './example-file.ts'
import { judgeCandidates, scorable, type Evaluation } from './judge-candidates.ts'
import type { ModelEvaluation } from './model-evaluation.ts'
import { recordEvaluation } from './record-evaluation.ts'
import type { ModelScorer } from './scorer-point.ts'

export interface EvaluateStepDependencies {
  readonly tracking: TrackingService
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly scorer: ModelScorer
  readonly champions: ChampionSource
  readonly candidateSource: CandidateSource
  readonly models: () => Promise<Readonly<Record<string, ModelEvaluation>>>
}

/** The `evaluate` step: measures all candidates on rows they have not seen, takes the best, and judges it by the gates. */
export function evaluateStep(dependencies: EvaluateStepDependencies): StepKind<EvaluateConfig> {
  return {
    ...evaluateForm,
    version: '1',
    usesAllCores: true,
    // The gates are part of the question. Who is champion is not: the same candidates on the same rows were judged
    // against the champion of their day, and a new champion is no reason to judge them again.
    environment: async (config) => ({
      gates: JSON.stringify(await settingsOf(dependencies, config.model)),
      ...(await namedModels(dependencies, config)),
    }),
    run: (context) => runEvaluation(context, dependencies),
  }
}

/** What the URIs mean now: an alias moves, and a moved one asks another question. */
async function namedModels({ candidateSource }: EvaluateStepDependencies, config: EvaluateConfig) {
  const found: Record<string, string> = {}
  for (const uri of candidateNames(config).filter(isModelUri)) {
    const { label, files } = await candidateSource.find(uri)
    found[uri] = JSON.stringify([label, ...files.map(({ path, digest }) => [path, digest])])
  }
  return found
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
  const contest = await readContest(context, { ...dependencies, task: settings.task })
  const holdout = await readHoldout(context, { contest, settings })
  const thread = new EvaluationThread()
  const stop = (): void => void thread.close()
  context.signal.addEventListener('abort', stop, { once: true })
  try {
    const result = await judgeCandidates(context, {
      ...dependencies,
      settings,
      contest,
      holdout,
      thread,
    })
    const files = await recordEvaluation(context, dependencies, {
      result,
      frame: holdout.frame,
      scores: holdout.scores,
      examples: await examplesOf(result, { ...dependencies, contest, holdout }),
    })
    const { winner } = result
    await keepWithVersion(context, dependencies, { result, files })
    context.log(`${winner.name} wins by ${result.selectedBy}: ${result.report.verdict.reason}`)
    const value: EvaluationResult = { ...result, winner: { ...winner, files: [...winner.files, ...files] } }
    return { result: { kind: 'json' as const, value } }
  } finally {
    context.signal.removeEventListener('abort', stop)
    await thread.close()
  }
}

/** MLflow's clients log examples of their own. */
async function examplesOf(
  { winner, report }: EvaluationResult,
  { contest, holdout, blobs, scorer }: Pick<Evaluation, 'contest' | 'holdout' | 'blobs' | 'scorer'>,
): Promise<string | undefined> {
  const candidate = contest.candidates.find(({ name }) => name === winner.name)
  if (candidate === undefined || winner.trainer === 'mlflow') return undefined
  const output = report.task === 'binary' ? 'probability' : 'prediction'
  return exampleFile(scorable(candidate, blobs), holdout.frame, { scorer, output })
}

/** A version that is registered already is not made anew: the evaluation goes to it, and its gates count from now on. */
async function keepWithVersion(
  context: StepContext<EvaluateConfig>,
  { candidateSource }: EvaluateStepDependencies,
  { result, files }: { result: EvaluationResult; files: EvaluationResult['winner']['files'] },
): Promise<void> {
  const { registered } = result.winner
  if (registered === undefined) return
  const digestOf = (name: string): string =>
    files.find(({ path }) => path === name)?.digest ?? fail('internal', `The evaluation has no ${name}.`)
  const verdict = result.report.verdict.outcome
  await candidateSource.keepEvaluation(registered, {
    reportDigest: digestOf(evaluationFiles.report),
    profileDigest: digestOf(evaluationFiles.referenceProfile),
    verdict,
    actor: context.actor,
  })
  context.log(`${registered.model} version ${registered.version} was evaluated: ${verdict}`)
}
