import type { NamedVersion } from '#lifecycle/data/index'
import { datasetsNamedByRuns } from '#lifecycle/pipelines/index'
import { datasetsNamedByModels } from '#lifecycle/registry/index'
import { datasetsNamedByTracking } from '#lifecycle/tracking/index'
import type { Platform, Stage } from '#platform/platform'

/**
 * Every version of a dataset that a stage after the data stage names. Each says by whom; besides, whatever digest stands
 * anywhere in a stage's records counts, so that a record which nobody thought of here keeps its version too.
 */
export async function* namedDatasets(
  { database }: Pick<Platform, 'database'>,
  stages: readonly Stage[],
): AsyncIterable<NamedVersion> {
  yield* datasetsNamedByModels(database)
  yield* datasetsNamedByRuns(database)
  yield* datasetsNamedByTracking(database)
  for (const { name, heldDigests } of stages) {
    if (name === 'data' || heldDigests === undefined) continue
    for await (const digest of heldDigests()) yield { digest, by: `a record of ${name}`, vague: true }
  }
}
