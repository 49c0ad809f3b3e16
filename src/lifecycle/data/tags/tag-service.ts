import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import type { Platform } from '#platform/platform'
import type { VersionName } from '../reference.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { DatasetTag } from './dataset-tag.ts'
import { createTagStore } from './tag-store.ts'

export interface TagService {
  /** By name. */
  list(dataset: string): Promise<DatasetTag[]>
  /** @throws already_exists when another version has the tag and it is not to be moved. */
  set(
    wanted: { dataset: string; version: VersionName; tag: string; move: boolean },
    caller: Pick<Caller, 'name'>,
  ): Promise<DatasetTag>
  remove(dataset: string, tag: string, caller: Pick<Caller, 'name'>): Promise<DatasetTag>
  /** What a name of a version means now. @throws not_found with the nearest tag. */
  numberOf(dataset: string, version: VersionName): Promise<number | 'latest'>
}

export function createTagService({
  platform,
  version: find,
}: {
  readonly platform: Pick<Platform, 'database' | 'events' | 'clock'>
  readonly version: (dataset: string, version: VersionName) => Promise<DatasetVersion>
}): TagService {
  const store = createTagStore(platform.database)
  const emit = (what: 'set' | 'moved' | 'removed', tag: DatasetTag, from: number | null): Promise<unknown> =>
    platform.events.emit({
      type: 'data.tagged',
      subject: `dataset/${tag.dataset}@${tag.version}`,
      actor: tag.createdBy,
      payload: { dataset: tag.dataset, tag: tag.tag, what, version: tag.version, from },
    })
  const require = async (dataset: string, tag: string): Promise<DatasetTag> => {
    const found = await store.tag(dataset, tag)
    if (found !== undefined) return found
    const near = nearestName(
      tag,
      (await store.tags(dataset)).map((each) => each.tag),
    )
    return fail('not_found', `No version of "${dataset}" has the tag "${tag}".`, {
      hint: near === undefined ? `devmlops data show ${dataset} lists its tags.` : `Did you mean "${near}"?`,
      at: tag,
    })
  }
  return {
    list: store.tags,
    set: async ({ dataset, version, tag, move }, caller) => {
      const { version: number } = await find(dataset, version)
      const wanted = {
        dataset,
        tag,
        version: number,
        createdAt: platform.clock.now(),
        createdBy: caller.name,
      }
      if (await store.addTag(wanted)) {
        await emit('set', wanted, null)
        return wanted
      }
      const before = await require(dataset, tag)
      if (before.version === number) return before
      if (!move) {
        fail('already_exists', `${dataset}@${tag} is version ${before.version} already.`, {
          hint: `To make it version ${number}, say so: --move.`,
          at: tag,
        })
      }
      await store.moveTag(wanted)
      await emit('moved', wanted, before.version)
      return wanted
    },
    remove: async (dataset, tag, caller) => {
      const found = await require(dataset, tag)
      await store.removeTag(dataset, tag)
      await emit('removed', { ...found, createdBy: caller.name }, found.version)
      return found
    },
    numberOf: async (dataset, version) => {
      if (version === 'latest' || typeof version === 'number') return version
      return (await require(dataset, version)).version
    },
  }
}
