import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { digestOf, type Digest } from '#platform/blobs/index'
import type { LoadedModel, ModelRuntime, ModelSource, RowBatch } from '../../model-runtime-point.ts'
import type { ModelPlan, VariantPlan } from '../../plan.ts'
import { openBatch, rowSchema } from '../rows/row-schema.ts'
import { readExamples, tryExamples } from './model-examples.ts'

/** Where the bytes of models come from; the project's blob store is one. */
export interface ModelFiles {
  get(digest: Digest): Promise<Uint8Array>
}

/** What a plan says of a model, as far as loading it goes. */
export type Loadable = ModelPlan & Pick<Partial<VariantPlan>, 'upstream' | 'graph'>

export interface LoadModelOptions {
  readonly runtime: ModelRuntime
  readonly files: ModelFiles
  readonly nodes?: NonNullable<ModelSource['graph']>['nodes']
}

export function labelOf({ model, version }: Pick<Loadable, 'model' | 'version'>): string {
  return `${model} v${version}`
}

export interface TriedModel {
  readonly loaded: LoadedModel
  /** Rows that were stored with it. */
  readonly examples: RowBatch | undefined
}

/** Loads a model and tries it: on the examples that were stored with it, or else on one empty row. */
export async function loadModel(
  plan: Loadable,
  { runtime, files, nodes }: LoadModelOptions,
): Promise<TriedModel> {
  const { signature, format, python, upstream, graph } = plan
  const label = labelOf(plan)
  const read = async (path: string): Promise<Uint8Array> => {
    const file = plan.files.find((candidate) => candidate.path === path)
    if (file === undefined) return fail('not_found', `${label} has no file ${path}.`)
    const bytes = await files.get(file.digest)
    if (bytes.length === file.sizeBytes && digestOf(bytes) === file.digest) return bytes
    return fail('storage_corrupt', `The file ${path} of ${label} does not have the digest ${file.digest}.`, {
      hint: 'The stored bytes have changed: restore them from a copy, or register the model again.',
    })
  }
  const loaded = await runtime.load({
    label,
    signature,
    format,
    python,
    upstream,
    ...(graph === undefined || nodes === undefined ? {} : { graph: { plan: graph, nodes } }),
    paths: plan.files.map((file) => file.path),
    read,
  })
  try {
    const examples = await readExamples(plan, read)
    // Scoring may move the numbers to another thread.
    const kept = examples && { ...examples.batch, numbers: examples.batch.numbers.slice() }
    if (examples !== undefined) await tryExamples(loaded, examples, label)
    else if (!loaded.isWarm) await tryEmptyRow(loaded, plan)
    return { loaded, examples: kept }
  } catch (error) {
    await loaded.release()
    throw error
  }
}

/** The first run of a model allocates and is slow; it must not be a client's. It also proves that the graph runs. */
async function tryEmptyRow(loaded: LoadedModel, plan: Loadable): Promise<void> {
  const label = labelOf(plan)
  try {
    const { outputs } = await loaded.score(openBatch(rowSchema(plan.signature), 1))
    if (outputs.length === loaded.outputs.length) return
    fail(
      'invalid_input',
      `${label} gives ${outputs.length} outputs, its signature says ${loaded.outputs.length}.`,
    )
  } catch (error) {
    if (error instanceof DevmlopsError) throw error
    fail('invalid_input', `${label} loads but cannot score one empty row: ${messageOf(error)}.`, {
      hint: 'Its graph does not take what its signature says.',
      cause: error,
    })
  }
}
