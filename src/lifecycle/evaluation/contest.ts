import { readFile } from 'node:fs/promises'
import { fail } from '#contract/errors'
import type { StepContext, StepInput } from '#lifecycle/pipelines/index'
import { reservedTags, type TrackingService } from '#lifecycle/tracking/index'
import {
  adoptGraph,
  modelFileName,
  trainingResultSchema,
  type TrainedCandidate,
  type TrainingResult,
} from '#lifecycle/training/index'
import type { Task } from './contract.ts'
import type { EvaluateConfig } from './evaluate-form.ts'

/** Who competes, and for what truth. */
export interface Contest {
  readonly label: string
  /** The label's value that counts as 1, where it is not 0 and 1. */
  readonly positive: TrainingResult['positive']
  readonly trainedOn: TrainingResult['trainedOn']
  readonly candidates: readonly TrainedCandidate[]
}

/** The candidates of `train` steps, and ONNX files that any other step made, whatever language it was written in. */
export async function readContest(
  context: StepContext<EvaluateConfig>,
  { tracking, task }: { readonly tracking: TrackingService; readonly task: Task },
): Promise<Contest> {
  const inputs = Object.values(context.inputs).filter(({ name }) => /^candidates(-\d+)?$/.test(name))
  const results: TrainingResult[] = []
  const candidates: TrainedCandidate[] = []
  for (const input of inputs) {
    if (input.kind === 'json') {
      const result = trainingResultSchema.parse(JSON.parse(await readFile(pathOf(input), 'utf8')))
      results.push(result)
      candidates.push(...result.candidates.filter((candidate) => candidate.status === 'trained'))
    } else candidates.push(await adoptCandidate(context, { input, tracking, task }))
  }
  if (candidates.length === 0)
    fail('training_failed', 'No candidate could be trained, so there is none to evaluate.')
  const names = candidates.map(({ name }) => name)
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    fail('invalid_input', `Two candidates are called "${twice}".`, { at: 'candidates' })
  const [trained] = results
  const label = trained?.label ?? context.config.label
  if (label === undefined) {
    return fail('invalid_input', 'Which column holds the truth? No `train` step says it.', {
      at: 'label',
      hint: 'Add `label:` to the `evaluate` step.',
    })
  }
  const [first] = inputs
  const trainedOn = trained?.trainedOn ?? { label: first?.label ?? '', digest: first?.digest ?? '', rows: 0 }
  return { label, positive: trained?.positive, trainedOn, candidates }
}

/** A graph from elsewhere gets a run of its own, so that its metrics and files stand beside the others'. */
async function adoptCandidate(
  context: StepContext<EvaluateConfig>,
  { input, tracking, task }: { input: StepInput; tracking: TrackingService; task: Task },
): Promise<TrainedCandidate> {
  const [step = input.label] = input.reference.split('.')
  if (input.kind !== 'file') {
    fail('invalid_input', `${input.reference} is neither a \`train\` step nor an ONNX file.`, {
      at: 'candidates',
    })
  }
  const { onnx, signature } = adoptGraph(await readFile(pathOf(input)), { task, label: input.label })
  const experiment = await tracking.getOrCreateExperiment(context.pipeline)
  const caller = { name: context.actor }
  const run = await tracking.createRun({
    experimentId: experiment.id,
    name: step,
    caller,
    tags: {
      [reservedTags.pipeline]: context.pipeline,
      [reservedTags.pipelineRunId]: context.pipelineRunId,
      [reservedTags.step]: step,
      'devmlops.trainer': 'onnx',
      ...(context.code === undefined ? {} : { [reservedTags.gitCommit]: context.code.commit }),
    },
  })
  const contents: [string, Uint8Array][] = [
    [modelFileName, onnx],
    ['signature.json', new TextEncoder().encode(JSON.stringify(signature, null, 2))],
  ]
  const files = []
  for (const [path, content] of contents) {
    const { digest, sizeBytes } = await tracking.logArtifact({
      runId: run.id,
      path: `model/${path}`,
      content,
    })
    files.push({ path, digest, sizeBytes })
  }
  await tracking.finishRun(run.id, 'FINISHED', caller)
  return {
    name: step,
    trainer: 'onnx',
    runId: run.id,
    parameters: {},
    status: 'trained',
    files,
    signature,
    importance: [],
    warnings: [],
    fitSeconds: 0,
  }
}

function pathOf({ files, label }: StepInput): string {
  return files[0]?.path ?? fail('internal', `${label} has no file.`)
}
