import { tableProfileSchema } from '#lifecycle/data/index'
import { evaluationFiles } from '#lifecycle/evaluation/index'
import type { ModelReferences } from '#lifecycle/monitoring/index'
import type { RegistryService } from '#lifecycle/registry/index'
import type { BlobStore, Digest } from '#platform/blobs/index'

/** What a version looked like when it was evaluated last: reports never change, so each is read once. */
export function monitoringReferences(
  registry: RegistryService,
  blobs: Pick<BlobStore, 'get'>,
): ModelReferences {
  const known = new Map<string, Awaited<ReturnType<ModelReferences['referenceOf']>>>()
  return {
    referenceOf: async (model, version) => {
      const found = await registry.getVersion(model, String(version))
      const key = `${model}@${version} ${found.evaluation?.reportDigest}`
      if (known.has(key)) return known.get(key)
      const report = await registry.report(model, String(version))
      const hasProfile = found.artifacts.some(({ path }) => path === evaluationFiles.referenceProfile)
      if (report === undefined) return undefined
      const profile =
        found.evaluation?.profileDigest !== undefined
          ? profileOf(await blobs.get(found.evaluation.profileDigest as Digest))
          : hasProfile
            ? await readProfile(registry, { model, reference: String(version) })
            : undefined
      const reference = {
        profile,
        metrics: report.metrics,
        task: report.task,
        scoreColumn: report.task === 'binary' ? 'probability' : 'prediction',
      }
      known.set(key, reference)
      return reference
    },
  }
}

async function readProfile(registry: RegistryService, version: { model: string; reference: string }) {
  const bytes = await registry.readArtifact(version, evaluationFiles.referenceProfile)
  return profileOf(bytes)
}

function profileOf(bytes: Uint8Array) {
  return tableProfileSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
}
