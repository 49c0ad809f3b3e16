import { fail } from '#contract/errors'
import type { StepContext, StepKind } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { BlobStore } from '#platform/blobs/index'
import type { Clock } from '#platform/clock'
import type { ChampionSource } from './champion-point.ts'
import { readContest } from './contest.ts'
import { evaluateForm, type EvaluateConfig } from './evaluate-form.ts'
import type { EvaluationResult } from './evaluation-result.ts'
import { EvaluationThread } from './evaluation-thread.ts'
import { readHoldout } from './holdout.ts'
import { judgeCandidates } from './judge-candidates.ts'
import type { ModelEvaluation } from './model-evaluation.ts'
import { recordEvaluation } from './record-evaluation.ts'
import type { ModelScorer } from './scorer-point.ts'

export interface EvaluateStepDependencies {
  readonly tracking: TrackingService
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly scorer: ModelScorer
  readonly champions: ChampionSource
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
  const contest = await readContest(context, { tracking: dependencies.tracking, task: settings.task })
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
