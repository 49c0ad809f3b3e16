import { DevmlopsError, fail } from '#contract/errors'
import { digestOf, type Digest } from '#platform/blobs/index'
import type { LoadedModel, ModelRuntime } from '../../model-runtime-point.ts'
import type { VariantPlan } from '../../plan.ts'
import type { ServingMetrics } from '../metrics.ts'
import { openBatch, rowSchema } from '../rows/row-schema.ts'
import { ServedModel } from './served-model.ts'

/** Where the bytes of models come from; the project's blob store is one. */
export interface ModelFiles {
  get(digest: Digest): Promise<Uint8Array>
}

export interface ModelPoolOptions {
  readonly runtime: ModelRuntime
  readonly files: ModelFiles
  readonly metrics: ServingMetrics
}

export interface ModelPool {
  /** A warm model with one reference, which the caller must release. Fails when it cannot be loaded or scored. */
  acquire(variant: VariantPlan): Promise<ServedModel>
  readonly size: number
  readonly queuedRows: number
}

/** Requests that wait together are joined up to this many rows, so that one batch does not hold up the next for long. */
const batchRows = 1024

/** Models in memory, each once, however many deployments and variants use it. */
export function createModelPool({ runtime, files, metrics }: ModelPoolOptions): ModelPool {
  const models = new Map<string, ServedModel>()
  const loading = new Map<string, Promise<LoadedModel>>()
  /** Whoever gave up waiting finds the load that it began when it asks again. */
  const loadOnce = (key: string, variant: VariantPlan): Promise<LoadedModel> => {
    const present = loading.get(key)
    if (present !== undefined) return present
    const begun = load({ runtime, files }, variant).finally(() => loading.delete(key))
    loading.set(key, begun)
    return begun
  }
  return {
    acquire: async (variant) => {
      const { model: name, version, files: modelFiles, signature, format } = variant
      const key = JSON.stringify([name, version, modelFiles, signature, format])
      const present = models.get(key)
      if (present !== undefined) {
        present.acquire()
        return present
      }
      const loaded = await loadOnce(key, variant)
      // Another deployment of the same plan may have asked meanwhile.
      const raced = models.get(key)
      if (raced !== undefined) {
        raced.acquire()
        return raced
      }
      const model = new ServedModel(key, loaded, {
        parallelBatches: loaded.parallelBatches,
        batchRows,
        onBatch: metrics.batchRows(variant.model, variant.version),
        onReleased: () => models.delete(key),
      })
      model.acquire()
      models.set(key, model)
      return model
    },
    get size() {
      return models.size
    },
    get queuedRows() {
      let rows = 0
      for (const model of models.values()) rows += model.waitingRows
      return rows
    },
  }
}

async function load(
  { runtime, files }: Pick<ModelPoolOptions, 'runtime' | 'files'>,
  variant: VariantPlan,
): Promise<LoadedModel> {
  const label = `${variant.model} v${variant.version}`
  const loaded = await runtime.load({
    label,
    signature: variant.signature,
    format: variant.format,
    paths: variant.files.map((file) => file.path),
    read: async (path) => {
      const file = variant.files.find((candidate) => candidate.path === path)
      if (file === undefined) return fail('not_found', `${label} has no file ${path}.`)
      const bytes = await files.get(file.digest)
      if (bytes.length === file.sizeBytes && digestOf(bytes) === file.digest) return bytes
      return fail(
        'storage_corrupt',
        `The file ${path} of ${label} does not have the digest ${file.digest}.`,
        {
          hint: 'The stored bytes have changed: restore them from a copy, or register the model again.',
        },
      )
    },
  })
  if (loaded.isWarm) return loaded
  try {
    await warm(loaded, variant)
    return loaded
  } catch (error) {
    await loaded.release()
    if (error instanceof DevmlopsError) throw error
    return fail('invalid_input', `${label} loads but cannot score one empty row: ${String(error)}.`, {
      hint: 'Its graph does not take what its signature says.',
      cause: error,
    })
  }
}

/** The first run of a model allocates and is slow; it must not be a client's. It also proves that the graph runs. */
async function warm(loaded: LoadedModel, variant: VariantPlan): Promise<void> {
  const { outputs } = await loaded.score(openBatch(rowSchema(variant.signature), 1))
  if (outputs.length === loaded.outputs.length) return
  fail(
    'invalid_input',
    `${variant.model} v${variant.version} gives ${outputs.length} outputs, its signature says ${loaded.outputs.length}.`,
  )
}
