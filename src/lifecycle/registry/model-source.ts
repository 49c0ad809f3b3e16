import { fail, messageOf } from '#contract/errors'
import type { Caller } from '#contract/endpoint'
import type { ChampionSource } from '#lifecycle/evaluation/champion-point'
import type { ScorableModel } from '#lifecycle/evaluation/scorer-point'
import type { ModelFormat } from '#lifecycle/tracking/contract'
import type { ModelSignature } from '#lifecycle/tracking/index'
import type { Digest } from '#platform/blobs/index'
import { championAlias, type ModelVersion } from './contract.ts'
import { mlModelFile, readMlModel } from './mlmodel.ts'
import type { RegistryService } from './service.ts'

/** A version as whoever scores with it needs it. */
export interface RunnableVersion {
  readonly model: string
  readonly version: number
  readonly runId?: string
  readonly files: { path: string; digest: Digest; sizeBytes: number }[]
  readonly signature: ModelSignature
  /** How MLflow's clients logged it; undefined for a `model.onnx` of our own. */
  readonly format?: ModelFormat
}

/** The registry as other stages see it, by what they need: which version, and its bytes. */
export interface ModelSource {
  versionOfAlias(model: string, alias: string): Promise<RunnableVersion | undefined>
  version(model: string, version: number): Promise<RunnableVersion>
  promote(
    request: {
      readonly model: string
      readonly alias: string
      readonly version: number
      readonly reason: string
      /** To a version that it had before, whatever its gates say now. */
      readonly isBack?: boolean
    },
    caller: Caller,
  ): Promise<unknown>
  /** The version in the form that scorers take. */
  readModel(version: Pick<RunnableVersion, 'model' | 'version'>): Promise<ScorableModel>
}

export function modelSource(registry: RegistryService): ModelSource {
  const runnable = async (found: ModelVersion): Promise<RunnableVersion> => {
    const { model, version, signature, artifacts, runId } = found
    if (signature === null) {
      return fail(
        'conflict',
        `Version ${version} of "${model}" has no signature of columns, so nothing can check its inputs.`,
        {
          hint: 'Log the model with one (`signature=infer_signature(rows, predictions)`), and register it again.',
        },
      )
    }
    const read = (path: string): Promise<Uint8Array> =>
      registry.readArtifact({ model, reference: String(version) }, path)
    const format = artifacts.some(({ path }) => path === mlModelFile)
      ? formatOf(`Version ${version} of "${model}"`, Buffer.from(await read(mlModelFile)).toString('utf8'))
      : foreignGraph(artifacts.map(({ path }) => path))
    return {
      model,
      version,
      // The store only takes digests of this form.
      files: artifacts.map((artifact) => ({ ...artifact, digest: artifact.digest as Digest })),
      signature,
      ...(runId === null ? {} : { runId }),
      ...(format === undefined ? {} : { format }),
    }
  }
  return {
    versionOfAlias: async (model, alias) => {
      const found = await registry.versionOfAlias(model, alias)
      return found === undefined ? undefined : runnable(found)
    },
    version: async (model, version) => runnable(await registry.getVersion(model, String(version))),
    promote: ({ isBack = false, ...request }, caller) => {
      const { version: to, ...back } = request
      return isBack
        ? registry.rollback({ ...back, to, force: true }, caller)
        : registry.promote(request, caller)
    },
    readModel: async ({ model, version }) => {
      const reference = String(version)
      const { signature, format, files } = await runnable(await registry.getVersion(model, reference))
      return {
        label: `${model} v${version}`,
        ...signature,
        format,
        paths: files.map(({ path }) => path),
        read: (path) => registry.readArtifact({ model, reference }, path),
      }
    },
  }
}

/** A graph under another name than ours was made by another program. */
function foreignGraph(paths: readonly string[]): ModelFormat | undefined {
  const graphs = paths.filter((path) => path.endsWith('.onnx'))
  const [path] = graphs
  return paths.includes('model.onnx') || path === undefined || graphs.length > 1
    ? undefined
    : { onnx: { path } }
}

/** By its flavours: the graph where there is one, `python_function` for everything else. */
export function formatOf(label: string, mlModel: string): ModelFormat {
  const { flavors, mlflowVersion } = readMlModel(mlModel)
  const { onnx, python_function: python } = flavors
  if (onnx === undefined && python === undefined) {
    return fail(
      'conflict',
      `${label} has neither the flavour onnx nor python_function, so nothing here can run it.`,
      {
        hint: `Its flavours: ${Object.keys(flavors).join(', ') || 'none'}.`,
      },
    )
  }
  const path = typeof onnx?.['data'] === 'string' ? onnx['data'] : 'model.onnx'
  const version = python?.['python_version']
  return {
    ...(onnx === undefined ? {} : { onnx: { path } }),
    ...(python === undefined
      ? {}
      : {
          python: {
            ...(typeof version === 'string' ? { version } : {}),
            ...(mlflowVersion === undefined ? {} : { mlflow: mlflowVersion }),
          },
        }),
  }
}

/** The champion, for evaluations that compare a candidate with it. */
export function championSource(registry: RegistryService): ChampionSource {
  const source = modelSource(registry)
  return {
    champion: async (model) => {
      const found = await registry.versionOfAlias(model, championAlias)
      if (found === undefined) return { status: 'none' }
      const name = `${model} v${found.version}`
      try {
        return { status: 'found', name, model: await source.readModel(found) }
      } catch (error) {
        return { status: 'unavailable', name, reason: messageOf(error) }
      }
    },
  }
}
