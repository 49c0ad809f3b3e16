import { copyFile, mkdir } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname, join } from 'node:path'
import * as z from 'zod'
import { fail } from '#contract/errors'
import type { StepContext, StepForm, StepKind } from '../step-kind-point.ts'

const configSchema = z.strictObject({
  output: z.string().min(1).describe('What is published: an output of a step, such as prepare.training'),
  dataset: z.string().min(1).describe('The dataset that gets a new version, as in the section `data`'),
})
type PublishConfig = z.output<typeof configSchema>

/** What a step made and which dataset it becomes a version of. */
export interface Publication {
  readonly dataset: string
  readonly kind: 'table' | 'file' | 'directory'
  /** On this machine; of a directory, below `folder`. */
  readonly files: readonly { readonly path: string; readonly name: string }[]
  /** Of a directory: where its files are, under their names. */
  readonly folder?: string
  readonly producedBy: { readonly pipeline: string; readonly run: string; readonly step: string }
  readonly actor: string
}

export interface PublishStepDependencies {
  /** Makes the version. @throws validation_failed when it does not meet the expectations of the dataset. */
  readonly publish: (
    publication: Publication,
  ) => Promise<{ dataset: string; version: number; digest: string }>
}

export const publishForm: StepForm<PublishConfig> = {
  name: 'publish',
  summary: 'Make an output of a step a version of a dataset, checked as any other',
  schema: configSchema,
  inputs: ({ output }) => ({ output }),
  outputs: () => [{ name: 'version', kind: 'json' }],
}

/** The `publish` step: what a pipeline made is checked, profiled and numbered as what arrives from outside is. */
export function createPublishStep({ publish }: PublishStepDependencies): StepKind<PublishConfig> {
  return {
    ...publishForm,
    version: '1',
    settings: ({ dataset }) => ({ dataset }),
    run: async (context) => {
      const { config, pipeline, step, pipelineRunId, actor } = context
      const input = context.inputs['output'] ?? fail('internal', 'The step has no input.')
      const { kind, files } = input
      if (kind === 'dataset' || kind === 'json') {
        fail(
          'invalid_project',
          `${input.reference} is ${kind === 'json' ? 'JSON' : 'a dataset already'}, and a table, file or directory is published.`,
        )
      }
      const made = await publish({
        dataset: config.dataset,
        kind,
        files,
        ...(kind === 'directory' && { folder: await placeFiles(context, files) }),
        producedBy: { pipeline, run: pipelineRunId, step },
        actor,
      })
      context.log(`${made.dataset}@${made.version}`)
      return { version: { kind: 'json', value: made } }
    },
  }
}

/** Stored bytes have no names; a folder is made of them that has. */
async function placeFiles(
  { workDirectory, signal }: StepContext<PublishConfig>,
  files: readonly { readonly path: string; readonly name: string }[],
): Promise<string> {
  const folder = join(workDirectory, 'publish')
  for (const { path, name } of files) {
    signal.throwIfAborted()
    const place = join(folder, name)
    await mkdir(dirname(place), { recursive: true })
    await copyFile(path, place, constants.COPYFILE_FICLONE)
  }
  return folder
}
