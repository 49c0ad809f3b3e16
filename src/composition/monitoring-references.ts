import { tableProfileSchema } from '#lifecycle/data/index'
import { evaluationFiles } from '#lifecycle/evaluation/index'
import type { ModelReferences } from '#lifecycle/monitoring/index'
import type { RegistryService } from '#lifecycle/registry/index'

/** What a version looked like when it was evaluated: kept with it, and never changing, so read once. */
export function monitoringReferences(registry: RegistryService): ModelReferences {
  const known = new Map<string, Awaited<ReturnType<ModelReferences['referenceOf']>>>()
  return {
    referenceOf: async (model, version) => {
      const key = `${model}@${version}`
      if (known.has(key)) return known.get(key)
      const found = await registry.getVersion(model, String(version))
      const report = await registry.report(model, String(version))
      const hasProfile = found.artifacts.some(({ path }) => path === evaluationFiles.referenceProfile)
      if (report === undefined) return undefined
      const profile = hasProfile
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
  return tableProfileSchema.parse(JSON.parse(new TextDecoder().decode(bytes)))
}
