import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { fail } from '#contract/errors'
import type { StepContext, StepInput } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import {
  adoptGraph,
  modelFileName,
  trainingResultSchema,
  type TrainedCandidate,
  type TrainingResult,
} from '#lifecycle/training/index'
import { type CandidateSource, isModelUri, type RegisteredCandidate } from './candidate-point.ts'
import { candidateRun } from './candidate-run.ts'
import type { Task } from './contract.ts'
import { candidateNames, type EvaluateConfig } from './evaluate-form.ts'
import { namedCandidate, savedCandidate } from './logged-candidate.ts'

export interface ContestSources {
  readonly tracking: TrackingService
  readonly task: Task
  readonly candidateSource: CandidateSource
}

/** What a step may write for its model: the URI that `log_model` answers. */
const namedModel = z.object({ model_uri: z.string().refine(isModelUri) })

/** Who competes, and for what truth. */
export interface Contest {
  readonly label: string
  /** The label's value that counts as 1, where it is not 0 and 1. */
  readonly positive: TrainingResult['positive']
  readonly trainedOn: TrainingResult['trainedOn']
  readonly candidates: readonly Candidate[]
}

export type Candidate = TrainedCandidate & { readonly registered?: RegisteredCandidate }

/**
 * The candidates of `train` steps, what any other step made, whatever language it was written in (an ONNX file, a folder
 * that MLflow saved, or a `model_uri` in a JSON file), and models that are named by their URI.
 */
export async function readContest(
  context: StepContext<EvaluateConfig>,
  { tracking, task, candidateSource }: ContestSources,
): Promise<Contest> {
  const sources = { tracking, candidateSource }
  const inputs = Object.values(context.inputs).filter(({ name }) => /^candidates(-\d+)?$/.test(name))
  const results: TrainingResult[] = []
  const candidates: Candidate[] = []
  for (const input of inputs) {
    if (input.kind === 'json') {
      const written = JSON.parse(await readFile(pathOf(input), 'utf8')) as unknown
      const named = namedModel.safeParse(written)
      if (named.success) {
        candidates.push(await namedCandidate(context, sources, named.data.model_uri))
        continue
      }
      const result = trainingResultSchema.parse(written)
      results.push(result)
      candidates.push(...result.candidates.filter((candidate) => candidate.status === 'trained'))
    } else if (input.kind === 'directory') candidates.push(await savedCandidate(context, sources, input))
    else candidates.push(await adoptCandidate(context, { input, tracking, task }))
  }
  for (const uri of candidateNames(context.config).filter(isModelUri))
    candidates.push(await namedCandidate(context, sources, uri))
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
    fail('invalid_input', `${input.reference} is neither a \`train\` step nor a model.`, {
      at: 'candidates',
    })
  }
  const { onnx, signature } = adoptGraph(await readFile(pathOf(input)), { task, label: input.label })
  const caller = { name: context.actor }
  const run = await candidateRun(context, tracking, { name: step, trainer: 'onnx' })
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
