import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { StepContext, StepInput } from '../step-kind-point.ts'

/** Where a command finds its inputs and puts its outputs. */
export interface StepFiles {
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  /** A JSON document with everything that the variables say, for programs that prefer one file. */
  readonly description: string
}

/**
 * Lays out the work folder of a command. Stored bytes have no names, so inputs are links with names: a folder for a
 * dataset (it has as many files as it had arrivals) and for a folder, a file for everything else.
 */
export async function layOutStepFiles(
  context: StepContext,
  extra: Readonly<Record<string, unknown>>,
): Promise<StepFiles> {
  const inputs: Record<string, string> = {}
  for (const input of Object.values(context.inputs)) {
    inputs[input.name] = await linkInput(input, join(context.workDirectory, 'inputs', input.name))
  }
  const outputDirectory = join(context.workDirectory, 'outputs')
  await mkdir(outputDirectory, { recursive: true })
  const outputs: Record<string, string> = {}
  for (const { name, path, kind } of context.outputs) {
    outputs[name] = join(outputDirectory, path ?? name)
    await mkdir(kind === 'directory' ? outputs[name] : dirname(outputs[name]), { recursive: true })
  }
  const description = join(context.workDirectory, 'step.json')
  const document = {
    pipeline: context.pipeline,
    runId: context.pipelineRunId,
    step: context.step,
    attempt: context.attempt,
    seed: context.seed,
    parameters: context.parameters,
    inputs: Object.values(context.inputs).map(({ name, kind, label, digest }) => ({
      name,
      kind,
      label,
      digest,
      path: inputs[name],
    })),
    outputs,
    ...extra,
  }
  await writeFile(description, `${JSON.stringify(document, null, 2)}\n`)
  return { inputs, outputs, description }
}

async function linkInput(input: StepInput, path: string): Promise<string> {
  const [only] = input.files
  if (input.kind !== 'dataset' && input.kind !== 'directory' && only !== undefined) {
    await mkdir(path, { recursive: true })
    await symlink(only.path, join(path, only.name))
    return join(path, only.name)
  }
  for (const file of input.files) {
    await mkdir(dirname(join(path, file.name)), { recursive: true })
    await symlink(file.path, join(path, file.name))
  }
  return path
}
