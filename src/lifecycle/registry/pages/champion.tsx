import { useCall } from '#ui/api/use-call'
import { championAlias, type RegisteredModel, registryContract } from '../contract.ts'

/** The model that changed last, and its champion: what the loop is about right now. */
export function useCurrentModel() {
  const models = useCall(registryContract.list, { limit: 200 })
  const model = models.data?.items.reduce<RegisteredModel | undefined>(
    (latest, one) => (latest === undefined || one.updatedAt > latest.updatedAt ? one : latest),
    undefined,
  )
  const reference = model?.aliases[championAlias] ?? model?.latestVersion ?? undefined
  const report = useCall(
    registryContract.report,
    { model: model?.name ?? '', reference: String(reference ?? '') },
    { enabled: model !== undefined && reference !== undefined, keepPrevious: true },
  )
  return {
    error: models.error,
    isLoaded: models.data !== undefined,
    count: models.data?.items.length ?? 0,
    model,
    champion: model?.aliases[championAlias],
    reference,
    report: report.data?.report ?? undefined,
  }
}
