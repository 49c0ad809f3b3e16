import { readFile } from 'node:fs/promises'
import { fail } from '#contract/errors'
import type { StepContext, StepInput } from '#lifecycle/pipelines/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { CandidateSource, LoggedModel } from './candidate-point.ts'
import { candidateRun } from './candidate-run.ts'
import type { Candidate } from './contest.ts'

interface Sources {
  readonly tracking: TrackingService
  readonly candidateSource: CandidateSource
}

const mlModelFile = 'MLmodel'
const trainer = 'mlflow'

/** A model that is logged or registered already. It keeps the run that logged it, whose metrics it adds to. */
export async function namedCandidate(
  context: StepContext,
  { tracking, candidateSource }: Sources,
  uri: string,
): Promise<Candidate> {
  const { label, runId, files, signature, format, registered } = await candidateSource.find(uri)
  return {
    ...facts(label, { signature, format }),
    runId: runId ?? (await finishedRun(context, tracking, label)),
    files: files.map((file) => ({ ...file })),
    ...(registered === undefined ? {} : { registered }),
  }
}

/** A folder that a step made with one of MLflow's `save_model` functions. */
export async function savedCandidate(
  context: StepContext,
  { tracking, candidateSource }: Sources,
  input: StepInput,
): Promise<Candidate> {
  const [step = input.label] = input.reference.split('.')
  const marker = input.files
    .filter(({ name }) => name === mlModelFile || name.endsWith(`/${mlModelFile}`))
    .toSorted((left, right) => left.name.length - right.name.length)[0]
  if (marker === undefined) {
    return fail('invalid_input', `${input.reference} is a folder without an ${mlModelFile} file.`, {
      at: 'candidates',
      hint: 'Write the model into it with `save_model` of its flavour.',
    })
  }
  const described = candidateSource.describe(input.reference, await readFile(marker.path, 'utf8'))
  const run = await candidateRun(context, tracking, { name: step, trainer })
  const root = marker.name.slice(0, -mlModelFile.length)
  const files = []
  for (const { path, name } of input.files.filter((file) => file.name.startsWith(root))) {
    const relative = name.slice(root.length)
    const content = await readFile(path)
    const { digest, sizeBytes } = await tracking.logArtifact({
      runId: run.id,
      path: `model/${relative}`,
      content,
    })
    files.push({ path: relative, digest, sizeBytes })
  }
  await tracking.finishRun(run.id, 'FINISHED', { name: context.actor })
  return { ...facts(step, described), runId: run.id, files }
}

function facts(name: string, { signature, format }: Pick<LoggedModel, 'signature' | 'format'>) {
  return {
    name,
    trainer,
    parameters: {},
    status: 'trained' as const,
    signature,
    ...(format === undefined ? {} : { format }),
    importance: [],
    warnings: [],
    fitSeconds: 0,
  }
}

async function finishedRun(context: StepContext, tracking: TrackingService, name: string): Promise<string> {
  const run = await candidateRun(context, tracking, { name, trainer })
  await tracking.finishRun(run.id, 'FINISHED', { name: context.actor })
  return run.id
}
