import { fail } from '#contract/errors'
import type { StepContext } from '#lifecycle/pipelines/index'
import { reservedTags, type TrackingService } from '#lifecycle/tracking/index'
import { systemCaller } from '#platform/access/access'
import { preparationDigest, type Preparation } from '#lifecycle/features/index'
import type { CandidateOutcome, TrainingData } from './candidate-pool.ts'
import type { Candidate, TrainStep } from './contract.ts'
import { modelFileName, preparationFileName, type TrainingResult } from './training-result.ts'

export interface RunsRequest {
  readonly tracking: TrackingService
  readonly candidates: readonly Candidate[]
  readonly data: TrainingData
}

/** One run a candidate, started before fitting, so that a page shows it while it trains. */
export async function startRuns(
  context: StepContext<TrainStep>,
  { tracking, candidates, data }: RunsRequest,
): Promise<Map<string, string>> {
  await endInterruptedRuns(context, tracking)
  const caller = { name: context.actor }
  const experiment = await tracking.getOrCreateExperiment(context.pipeline)
  const input = context.inputs['data'] ?? fail('internal', 'The step has no data.')
  const runs = new Map<string, string>()
  for (const candidate of candidates) {
    const run = await tracking.createRun({
      experimentId: experiment.id,
      name: candidate.name,
      caller,
      tags: {
        [reservedTags.pipeline]: context.pipeline,
        [reservedTags.pipelineRunId]: context.pipelineRunId,
        [reservedTags.step]: context.step,
        'devmlops.trainer': candidate.trainer,
        ...(context.code === undefined ? {} : { [reservedTags.gitCommit]: context.code.commit }),
      },
    })
    runs.set(candidate.name, run.id)
    await tracking.logInputs(run.id, [
      {
        name: input.label,
        digest: input.digest,
        sourceType: 'pipeline',
        source: input.reference,
        context: 'training',
        tags: {},
      },
    ])
    await tracking.logBatch({
      runId: run.id,
      params: {
        trainer: candidate.trainer,
        seed: String(data.seed),
        label: data.label,
        rows: String(data.frame.rows),
      },
    })
  }
  return runs
}

/** A process that was killed could not end its runs; its attempt is made again, with runs of its own. */
async function endInterruptedRuns(
  { pipelineRunId, step }: StepContext<TrainStep>,
  tracking: TrackingService,
): Promise<void> {
  const tags = { [reservedTags.pipelineRunId]: pipelineRunId, [reservedTags.step]: step }
  for (const { id } of await tracking.searchRuns({ tags, statuses: ['RUNNING'], limit: 1000 })) {
    await tracking.setTag(
      id,
      'mlflow.note.content',
      'The process that trained it ended; another run took its place.',
    )
    await tracking.finishRun(id, 'KILLED', systemCaller('training'))
  }
}

/** Keeps what became of a candidate in its run; the model as an artifact. */
export async function recordOutcome(
  context: StepContext<TrainStep>,
  tracking: TrackingService,
  { outcome, runId, fitted }: { outcome: CandidateOutcome; runId: string; fitted?: Preparation | undefined },
): Promise<TrainingResult['candidates'][number]> {
  const { candidate } = outcome
  const caller = { name: context.actor }
  if (outcome.status === 'failed') {
    await tracking.setTag(runId, 'mlflow.note.content', outcome.error.message)
    await tracking.finishRun(runId, 'FAILED', caller)
    context.log(`${candidate.name} failed: ${outcome.error.message}`)
    return {
      ...candidate,
      parameters: { ...candidate.parameters },
      runId,
      status: 'failed',
      reason: outcome.error.message,
    }
  }
  const { model, fitSeconds } = outcome
  const params = Object.entries(model.parameters).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  await tracking.logBatch({
    runId,
    params: {
      ...(Object.fromEntries(params) as Record<string, string>),
      ...(fitted === undefined ? {} : { features_digest: preparationDigest(fitted) }),
    },
    metrics: [
      { key: 'fit_seconds', value: fitSeconds },
      ...model.importance.map(({ feature, gain }) => ({
        key: metricName(`importance/${feature}`),
        value: gain,
      })),
    ],
  })
  const history = model.history.map(({ metric, step, value }) => ({ key: `training/${metric}`, step, value }))
  for (let at = 0; at < history.length; at += 1000)
    await tracking.logBatch({ runId, metrics: history.slice(at, at + 1000) })
  const files = []
  const contents: [string, Uint8Array][] = [
    [modelFileName, model.onnx],
    ['signature.json', new TextEncoder().encode(JSON.stringify(model.signature, null, 2))],
    ...(fitted === undefined
      ? []
      : [
          [preparationFileName, new TextEncoder().encode(JSON.stringify(fitted))] satisfies [
            string,
            Uint8Array,
          ],
        ]),
  ]
  for (const [name, content] of contents) {
    const { digest, sizeBytes } = await tracking.logArtifact({ runId, path: `model/${name}`, content })
    files.push({ path: name, digest, sizeBytes })
  }
  await tracking.finishRun(runId, 'FINISHED', caller)
  for (const warning of model.warnings) context.log(`${candidate.name}: ${warning}`)
  context.log(`${candidate.name} (${candidate.trainer}) fitted in ${fitSeconds.toFixed(1)} s`)
  return {
    ...candidate,
    parameters: { ...model.parameters },
    runId,
    status: 'trained',
    files,
    signature: { inputs: [...model.signature.inputs], outputs: [...model.signature.outputs] },
    importance: [...model.importance],
    warnings: [...model.warnings],
    fitSeconds,
  }
}

/** Names of metrics have fewer characters than a category such as `<1H OCEAN` may have. */
function metricName(name: string): string {
  return name.replaceAll(/[^\w\-. :/]/g, '_')
}
