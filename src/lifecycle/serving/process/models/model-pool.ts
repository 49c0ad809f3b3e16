import { DevmlopsError, fail } from '#contract/errors'
import { formatBytes } from '#contract/units'
import type { Log } from '#platform/log'
import type { LoadedModel, ModelRuntime, NodeModel, ScoredRows } from '../../model-runtime-point.ts'
import type { VariantPlan } from '../../plan.ts'
import type { ServingMetrics } from '../metrics.ts'
import { innerTerms, unlimitedQueue, type ScoredSlice } from './batch-queue.ts'
import type { KnownModels } from './known-models.ts'
import { labelOf, loadModel, type Loadable, type ModelFiles, type TriedModel } from './load-model.ts'
import { createMemoryMeter, estimatedBytes, leastBytes, type ModelSize } from './memory-meter.ts'
import { createModelMemory } from './model-memory.ts'
import { PooledModel, type ResidentModel } from './pooled-model.ts'
import { ServedModel } from './served-model.ts'

export type { ModelFiles } from './load-model.ts'

export interface ModelPoolOptions {
  readonly runtime: ModelRuntime
  readonly files: ModelFiles
  readonly metrics: ServingMetrics
  readonly known: KnownModels
  readonly log: Log
  /** Processes of a Python model whose deployment does not say; for estimates. */
  readonly pythonWorkers?: number | undefined
  /** Of this process; measured when it is left out. */
  readonly residentBytes?: () => number
}

export interface ModelPool {
  /**
   * A variant's hold on a model, which the caller must release. The model is loaded and tried, unless it may be loaded on
   * demand and was tried before. Fails when it cannot be loaded or scored, and with `conflict` when the memory budget has
   * no room for it.
   */
  acquire(variant: VariantPlan): Promise<ServedModel>
  /** Models in memory. */
  readonly size: number
  readonly queuedRows: number
  readonly queuedRequests: number
  /** Bytes that the models in memory are taken to hold. */
  readonly heldBytes: number
  /** Undefined: no limit. What is loaded beyond a smaller one is released as soon as it may. */
  setBudget(bytes: number | undefined): void
  /** Forgets what is known of models that nobody holds. */
  forgetOthers(): void
}

/** Requests that wait together are joined up to this many rows, so that one batch does not hold up the next for long. */
const batchRows = 1024
/** How long a new deployment waits for models that are in use to become free. */
const roomPatienceMs = 2_000

/** Models by what they are loaded from, each once, however many deployments and variants use it. */
export function createModelPool(options: ModelPoolOptions): ModelPool {
  const { runtime, files, metrics, known, log } = options
  const models = new Map<string, PooledModel>()
  let budget: number | undefined
  const memory = createModelMemory({ budgetBytes: () => budget, holders: () => models.values() })
  const meter = createMemoryMeter(options.residentBytes ?? (() => process.memoryUsage.rss()))

  const sizeOf = (plan: Loadable): ModelSize => {
    const isPython = plan.format?.python !== undefined && plan.format.onnx === undefined
    return {
      filesBytes: plan.files.reduce((sum, file) => sum + file.sizeBytes, 0),
      pythonWorkers: isPython ? (plan.python?.workers ?? options.pythonWorkers ?? 1) : 0,
    }
  }
  const estimateOf = (key: string, plan: Loadable): number =>
    isElsewhere(plan) ? 0 : Math.max(known.get(key)?.heldBytes ?? 0, estimatedBytes(sizeOf(plan)))
  /** What a load has shown to be held; the runtime's own word counts more. */
  const heldOf = (plan: Loadable, loaded: LoadedModel, measured: number): number =>
    loaded.memoryBytes?.() ?? (isElsewhere(plan) ? 0 : Math.max(leastBytes(sizeOf(plan)), measured))

  const load = async (key: string, plan: Loadable, until: number): Promise<ResidentModel> => {
    const label = labelOf(plan)
    const estimate = estimateOf(key, plan)
    const reservation = await memory.reserve(estimate, until)
    if (reservation === undefined) {
      return fail(
        'not_ready',
        `${label} needs about ${formatBytes(estimate)} of memory, and there is no room: ${memory.describe()}.`,
        {
          at: memoryPlace,
          hint: 'Raise serving.memory_budget, stop a deployment, or let others go with `load: on_demand`.',
        },
      )
    }
    try {
      const measurement = meter.begin()
      let measured: number | undefined
      let tried: TriedModel
      try {
        tried =
          plan.graph === undefined ? await loadModel(plan, { runtime, files }) : await loadGraph(plan, until)
      } finally {
        measured = measurement.end(estimatedBytes(sizeOf(plan)))
      }
      const { loaded, examples } = tried
      const heldBytes = heldOf(plan, loaded, measured ?? estimate)
      const { platform, outputs, answer } = loaded
      known.set(key, {
        facts: { platform, outputs, answer },
        heldBytes: Math.max(heldBytes, known.get(key)?.heldBytes ?? 0),
      })
      return { loaded, examples, heldBytes }
    } finally {
      reservation.release()
    }
  }

  /** The nodes are models of the pool like any others, shared with whoever else answers with them. */
  const loadGraph = async (plan: Loadable, until: number): Promise<TriedModel> => {
    const held = new Map<string, ServedModel>()
    const nodes = new Map<string, NodeModel>()
    const releaseNodes = (): void => {
      for (const model of held.values()) model.release()
    }
    try {
      for (const node of plan.graph?.nodes ?? []) {
        if (!('model' in node)) continue
        const pooled = pooledOf(node.model)
        const model = new ServedModel(pooled, false)
        held.set(node.name, model)
        if (!pooled.isKnown) await pooled.makeResident(until)
        nodes.set(node.name, {
          label: labelOf(node.model),
          signature: { inputs: node.model.signature.inputs, outputs: [...model.facts.outputs] },
          health: () => model.health,
          score: async (batch, call) =>
            rowsOf(
              await model.score(batch, unlimitedQueue, { ...innerTerms(), deadlineAt: call?.deadlineAt }),
            ),
        })
      }
      const { loaded, examples } = await loadModel(plan, { runtime, files, nodes })
      const release = async (): Promise<void> => {
        await loaded.release()
        releaseNodes()
      }
      return { loaded: { ...loaded, release }, examples }
    } catch (error) {
      releaseNodes()
      throw error
    }
  }

  const pooledOf = (plan: Loadable): PooledModel => {
    const { model, version, files: modelFiles, signature, format, python, upstream, graph } = plan
    const key = JSON.stringify([model, version, modelFiles, signature, format, python, upstream, graph])
    const present = models.get(key)
    if (present !== undefined) return present
    const pooled: PooledModel = new PooledModel(
      {
        key,
        label: labelOf(plan),
        load: (until) => load(key, plan, until),
        onLoaded: () => void memory.trim(),
        onUnloaded: (bytes) => {
          meter.freed(bytes)
          log.debug({ model: labelOf(plan), bytes }, 'a model was released')
        },
        onReleased: (released) => {
          if (models.get(key) === released) models.delete(key)
        },
        queue: { batchRows, onBatch: metrics.batchRows(model, version) },
      },
      known.get(key),
    )
    models.set(key, pooled)
    return pooled
  }

  return {
    acquire: async (variant) => {
      const pooled = pooledOf(variant)
      const isPinned = variant.load === 'always'
      const served = new ServedModel(pooled, isPinned)
      try {
        if (isPinned || !pooled.isKnown) await pooled.makeResident(performance.now() + roomPatienceMs)
        return served
      } catch (error) {
        served.release()
        if (!(error instanceof DevmlopsError) || error.at !== memoryPlace) throw error
        // Nothing that will be better by itself.
        return fail('conflict', error.message, { at: memoryPlace, hint: error.hint ?? '' })
      }
    },
    get size() {
      let count = 0
      for (const model of models.values()) if (model.isResident) count++
      return count
    },
    get queuedRows() {
      let rows = 0
      for (const model of models.values()) rows += model.waitingRows
      return rows
    },
    get queuedRequests() {
      let requests = 0
      for (const model of models.values()) requests += model.waitingRequests
      return requests
    },
    get heldBytes() {
      return memory.heldBytes
    },
    setBudget: (bytes) => {
      budget = bytes
      void memory.trim()
    },
    forgetOthers: () => known.keepOnly(new Set(models.keys())),
  }
}

/** It takes no memory here, or its nodes do. */
function isElsewhere({ upstream, graph }: Loadable): boolean {
  return upstream !== undefined || graph !== undefined
}

const memoryPlace = 'serving.memory_budget'

/** The rows of one request out of a batch that several were joined in. */
function rowsOf({ outputs, offset, rows }: ScoredSlice): ScoredRows {
  return {
    rows,
    outputs: outputs.map(({ width, values }) => ({
      width,
      values: values.slice(offset * width, (offset + rows) * width),
    })),
  }
}
