import { fail } from '#contract/errors'
import type { CandidateSource, LoggedModel } from '#lifecycle/evaluation/index'
import type { TrackingService } from '#lifecycle/tracking/index'
import type { BlobStore, Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import { keepEvaluation } from './keep-evaluation.ts'
import { mlModelFile, readMlModel } from './mlmodel.ts'
import { formatOf, modelSource } from './model-source.ts'
import { parseSourceUri } from './model-source-uri.ts'
import type { RegistryService } from './service.ts'

export interface CandidateSourceDependencies {
  readonly platform: Platform
  readonly registry: RegistryService
  readonly tracking: Pick<TrackingService, 'artifactsOfUri' | 'getRun'>
}

/** Models by their URI, for evaluations: registered versions, logged models, and what runs have logged. */
export function candidateSource({
  platform,
  registry,
  tracking,
}: CandidateSourceDependencies): CandidateSource {
  const versions = modelSource(registry)

  const registeredModel = async (name: string, reference: string): Promise<LoggedModel> => {
    const { model, version, evaluation } = await registry.getVersion(name, reference)
    const { files, signature, format, runId } = await versions.version(model, version)
    // What an earlier evaluation left there is not the model.
    const judged = evaluation === null ? [] : ['evaluation.json', 'evaluation.md', 'reference-profile.json']
    return {
      label: `${model} v${version}`,
      runId,
      files: files.filter(({ path }) => !judged.includes(path)),
      signature,
      format,
      registered: { model, version },
    }
  }

  const knownRun = async (runId: string | undefined): Promise<string | undefined> => {
    if (runId === undefined) return undefined
    return tracking.getRun(runId).then(
      (run) => run.id,
      () => undefined,
    )
  }

  return {
    describe,
    keepEvaluation: (version, evaluation) => keepEvaluation(platform, version, evaluation),
    find: async (uri) => {
      const source = parseSourceUri(uri)
      if (source.kind === 'version') return registeredModel(source.name, source.reference)
      const files = (await tracking.artifactsOfUri(uri)) ?? []
      const mlModel = files.find(({ path }) => path === mlModelFile)
      if (mlModel === undefined) {
        return fail('not_found', `There is no model at ${uri}: no ${mlModelFile} file is there.`, {
          hint: '`log_model` answers the URI of what it logged as `model_uri`.',
        })
      }
      const described = describe(uri, await textOf(platform.blobs, mlModel.digest))
      return {
        ...described,
        label: uri,
        runId: await knownRun(described.runId),
        files: files.map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes })),
        registered: undefined,
      }
    },
  }
}

function describe(label: string, mlModel: string): Pick<LoggedModel, 'signature' | 'format' | 'runId'> {
  const { signature, runId } = readMlModel(mlModel)
  if (signature === null) {
    return fail('invalid_input', `${label} has no signature of columns, so nothing can check its inputs.`, {
      hint: 'Log it with `signature=infer_signature(rows, predictions)`.',
    })
  }
  return { signature, format: formatOf(label, mlModel), runId }
}

async function textOf(blobs: BlobStore, digest: Digest): Promise<string> {
  return Buffer.from(await blobs.get(digest)).toString('utf8')
}
