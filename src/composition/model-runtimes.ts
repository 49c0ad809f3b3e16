import { join } from 'node:path'
import { createOnnxRuntime } from '#adapters/model-runtimes/onnx/index'
import { createPythonRuntime } from '#adapters/model-runtimes/python/index'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { ModelRuntime } from '#lifecycle/serving/model-runtime-point'
import { environmentVariable, type Config } from '#platform/config'
import type { Log } from '#platform/log'

export interface ModelRuntimesOptions {
  readonly config: Pick<Config, 'home' | 'python' | 'pythonEnvironment' | 'pythonWorkers'>
  readonly log: Log
  /** Threads for ONNX; see `createOnnxRuntime`. */
  readonly threads?: number
  /** For work that nobody waits for. */
  readonly background?: boolean
  /** How long whoever loads a model waits for its Python environment; to the end when left out. */
  readonly buildPatienceMs?: number
}

/**
 * A model goes to the runtime that fits its files: a graph to onnxruntime, within the program; everything else that MLflow
 * can load to Python. A logged graph that onnxruntime cannot bind to its columns goes to Python too, where it can.
 */
export function modelRuntimes({
  config,
  log,
  threads,
  background = false,
  buildPatienceMs,
}: ModelRuntimesOptions): ModelRuntime {
  const onnx = createOnnxRuntime({ background, ...(threads === undefined ? {} : { threads }) })
  const python = createPythonRuntime({
    directory: join(config.home, 'python'),
    python: config.python,
    environment: config.pythonEnvironment,
    workers: config.pythonWorkers,
    variable: environmentVariable,
    buildPatienceMs,
    log,
  })
  // Most programs ask no other server.
  const openUpstream = async (): Promise<ModelRuntime> => {
    const { createUpstreamRuntime } = await import('#adapters/model-runtimes/upstream/index')
    return createUpstreamRuntime({ variable: environmentVariable, log })
  }
  let upstream: Promise<ModelRuntime> | undefined
  return {
    name: 'onnx and python',
    load: async (source) => {
      const { format, label } = source
      if (source.graph !== undefined)
        return (await import('#adapters/model-runtimes/graph/index')).loadGraph(source)
      if (source.upstream !== undefined) return (await (upstream ??= openUpstream())).load(source)
      if (format === undefined) return onnx.load(source)
      if (format.onnx === undefined) return python.load(source)
      try {
        return await onnx.load(source)
      } catch (error) {
        if (format.python === undefined || !isUnfit(error)) throw error
        log.info(
          { model: label, reason: messageOf(error) },
          'onnxruntime cannot take this graph; Python loads it',
        )
        return python.load(source).catch((second: unknown) =>
          fail(second instanceof DevmlopsError ? second.code : 'internal', messageOf(second), {
            hint: `As a graph it cannot be loaded either: ${messageOf(error)}`,
            cause: second,
          }),
        )
      }
    },
    close: async () => {
      await Promise.all([onnx.close(), python.close(), (await upstream)?.close()])
    },
  }
}

function isUnfit(error: unknown): boolean {
  return (
    error instanceof DevmlopsError && (error.code === 'invalid_input' || error.code === 'unreadable_data')
  )
}
