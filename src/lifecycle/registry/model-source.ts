import { fail, messageOf } from '#contract/errors'
import type { Caller } from '#contract/endpoint'
import type { ChampionSource } from '#lifecycle/evaluation/champion-point'
import type { ModelSignature } from '#lifecycle/tracking/index'
import type { Digest } from '#platform/blobs/index'
import { championAlias, type ModelVersion } from './contract.ts'
import type { RegistryService } from './service.ts'

/** A version as whoever scores with it needs it. */
export interface RunnableVersion {
  readonly model: string
  readonly version: number
  readonly runId?: string
  readonly files: { path: string; digest: Digest; sizeBytes: number }[]
  readonly signature: ModelSignature
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
    },
    caller: Caller,
  ): Promise<unknown>
  /** The version's ONNX graph, in the form that scorers take. */
  readGraph(version: Pick<RunnableVersion, 'model' | 'version'>): Promise<{
    readonly label: string
    readonly onnx: Uint8Array
    readonly inputs: ModelSignature['inputs']
    readonly outputs: ModelSignature['outputs']
  }>
}

export function modelSource(registry: RegistryService): ModelSource {
  return {
    versionOfAlias: async (model, alias) => {
      const found = await registry.versionOfAlias(model, alias)
      return found === undefined ? undefined : runnable(found)
    },
    version: async (model, version) => runnable(await registry.getVersion(model, String(version))),
    promote: (request, caller) => registry.promote(request, caller),
    readGraph: async ({ model, version }) => {
      const reference = String(version)
      const found = await registry.getVersion(model, reference)
      const { signature } = runnable(found)
      const onnx = await registry.readArtifact({ model, reference }, graphPath(found))
      return { label: `${model} v${version}`, onnx, ...signature }
    },
  }
}

function runnable(found: ModelVersion): RunnableVersion {
  const { model, version, signature, artifacts, runId } = found
  if (signature === null) {
    return fail(
      'conflict',
      `Version ${version} of "${model}" has no signature, so nothing can check its inputs.`,
      {
        hint: 'Log the model with a signature and register it again.',
      },
    )
  }
  // The store only takes digests of this form.
  const files = artifacts.map((artifact) => ({ ...artifact, digest: artifact.digest as Digest }))
  return { model, version, files, signature, ...(runId === null ? {} : { runId }) }
}

/** `model.onnx`, or the only ONNX file there is. */
function graphPath({ model, version, artifacts }: ModelVersion): string {
  const graphs = artifacts.map(({ path }) => path).filter((path) => path.endsWith('.onnx'))
  const named = graphs.find((path) => path === 'model.onnx' || path.endsWith('/model.onnx'))
  if (named !== undefined) return named
  if (graphs.length === 1 && graphs[0] !== undefined) return graphs[0]
  return fail(
    'conflict',
    `Version ${version} of "${model}" has ${graphs.length} ONNX graphs; one is expected.`,
    {
      hint: 'Call the one that answers model.onnx.',
    },
  )
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
        return { status: 'found', name, model: await source.readGraph(found) }
      } catch (error) {
        return { status: 'unavailable', name, reason: messageOf(error) }
      }
    },
  }
}
