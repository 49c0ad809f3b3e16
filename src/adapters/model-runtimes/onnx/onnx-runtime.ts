import { availableParallelism } from 'node:os'
import { fail } from '#contract/errors'
import type { LoadedModel, ModelRuntime, ModelSource, RowBatch } from '#lifecycle/serving/model-runtime-point'
import { exposeOutputs } from './exposed-graph.ts'
import { ScoringThread } from './scoring-thread.ts'
import { createSessionScorer, type ScorerSource } from './session-scorer.ts'

export interface OnnxRuntimeOptions {
  /**
   * Worker threads, each with a session per model; the default leaves one core to HTTP. 0 scores on the calling thread,
   * which is for measuring and for command-line use only: everything else waits meanwhile.
   */
  readonly threads?: number
  /** Called when a thread died and was replaced. */
  readonly onThreadDeath?: (reason: string) => void
}

const modelFile = 'model.onnx'

/** A thread that dies as soon as it starts must not keep a core busy. */
const restartDelayMs = 200

/** Scores ONNX models with onnxruntime on worker threads. */
export function createOnnxRuntime(options: OnnxRuntimeOptions = {}): ModelRuntime {
  const threadCount = options.threads ?? Math.max(1, availableParallelism() - 1)
  if (threadCount === 0) return inlineRuntime()

  const loaded = new Map<number, ScorerSource>()
  const threads: ScoringThread[] = []
  let nextModel = 1
  let closed = false

  const start = (): ScoringThread => {
    const thread = new ScoringThread((reason) => {
      options.onThreadDeath?.(reason)
      const place = threads.indexOf(thread)
      setTimeout(() => {
        if (!closed) threads[place] = start()
      }, restartDelayMs).unref()
    })
    for (const [model, source] of loaded) thread.call({ kind: 'load', model, source }).catch(() => undefined)
    return thread
  }
  for (let i = 0; i < threadCount; i++) threads.push(start())

  const scoreOn = async (
    model: number,
    batch: RowBatch,
  ): Promise<Awaited<ReturnType<LoadedModel['score']>>> => {
    const transfer = [batch.numbers.buffer as ArrayBuffer]
    return (
      (await leastBusy(threads).call({ kind: 'score', model, batch }, transfer)) ??
      fail('internal', 'No scores came back.')
    )
  }

  return {
    name: 'onnx',
    load: async (source) => {
      const { label, inputs, bytes, ...facts } = await readGraph(source)
      const signature = { inputs, outputs: [...facts.outputs] }
      const scorerSource = { label, signature, bytes: sharedCopy(bytes) }
      const model = nextModel++
      const release = async (): Promise<void> => {
        loaded.delete(model)
        await Promise.allSettled(threads.map((thread) => thread.call({ kind: 'release', model })))
      }
      loaded.set(model, scorerSource)
      try {
        await Promise.all(threads.map((thread) => thread.call({ kind: 'load', model, source: scorerSource })))
      } catch (error) {
        await release()
        throw error
      }
      return { ...facts, parallelBatches: threadCount, score: (batch) => scoreOn(model, batch), release }
    },
    close: async () => {
      closed = true
      await Promise.all(threads.map((thread) => thread.close()))
    },
  }
}

function inlineRuntime(): ModelRuntime {
  return {
    name: 'onnx',
    load: async (source) => {
      const { label, inputs, bytes, ...facts } = await readGraph(source)
      const signature = { inputs, outputs: [...facts.outputs] }
      return { ...facts, parallelBatches: 1, ...(await createSessionScorer({ label, signature, bytes })) }
    },
    close: () => Promise.resolve(),
  }
}

interface ReadGraph extends Pick<LoadedModel, 'platform' | 'outputs' | 'answer' | 'isWarm'> {
  readonly label: string
  readonly inputs: ModelSource['signature']['inputs']
  readonly bytes: Uint8Array
}

/** The graph on raw columns that training makes, or one that another program made and MLflow's clients logged. */
async function readGraph({ label, signature, format, paths, read }: ModelSource): Promise<ReadGraph> {
  const path = format === undefined ? modelFile : format.onnx?.path
  if (path === undefined || !paths.includes(path)) {
    return fail('invalid_input', `${label} has no file ${path ?? modelFile}.`, {
      hint: `Its files: ${paths.join(', ') || 'none'}.`,
    })
  }
  const facts = { label, inputs: signature.inputs, platform: 'onnx_onnxv1', isWarm: false }
  const bytes = await read(path)
  if (format === undefined) return { ...facts, bytes, outputs: signature.outputs, answer: undefined }
  const { onnx, outputs, renamed } = exposeOutputs(bytes, label)
  return { ...facts, bytes: onnx, outputs, answer: { form: 'records', columns: renamed } }
}

/** Shared by all threads and kept for a thread that must be replaced: one copy instead of one per thread. */
function sharedCopy(bytes: Uint8Array): Uint8Array {
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
  shared.set(bytes)
  return shared
}

function leastBusy(threads: readonly ScoringThread[]): ScoringThread {
  return threads.reduce((best, thread) => (thread.waiting < best.waiting ? thread : best))
}
