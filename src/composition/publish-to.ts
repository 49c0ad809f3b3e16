import { fail } from '#contract/errors'
import type { DataService } from '#lifecycle/data/index'
import type { Publication } from '#lifecycle/pipelines/index'
import { systemCaller } from '#platform/access/access'

/** What a pipeline publishes is judged by the dataset's own rules; what they refuse fails the step. */
export async function publishTo(
  data: Pick<DataService, 'publish'>,
  { dataset, actor, ...published }: Publication,
): Promise<{ dataset: string; version: number; digest: string }> {
  const caller = { ...systemCaller('pipelines'), name: actor }
  const { version, arrivals } = await data.publish(dataset, published, caller)
  const rejection = arrivals.flatMap((arrival) => arrival.rejection ?? [])[0]
  if (rejection !== undefined) {
    fail(rejection.code, rejection.message, rejection.hint === undefined ? {} : { hint: rejection.hint })
  }
  if (version === null) return fail('internal', `${dataset} has no version, and nothing was refused.`)
  return { dataset, version: version.version, digest: version.digest }
}
