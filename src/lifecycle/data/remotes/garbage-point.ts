import { fail } from '#contract/errors'
import type { Digest, ReclaimedBlobs } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import { createMaskings } from '../personal/maskings.ts'
import { hidesAnything } from '../personal/masking.ts'
import type { DataServiceOptions } from '../service.ts'
import type { DataTables } from '../tables.ts'
import type { RemotesOptions } from './create-remotes.ts'
import { namedByPointers } from './named-by-pointers.ts'
import type { NamedVersion } from './named-version.ts'

/** Extension point: who names versions of datasets after this stage, and how the bytes that nobody names are removed. */
export interface GarbagePoint {
  /** Every version that anybody names. Too many is safe, one too few is not. */
  namedVersions(): AsyncIterable<NamedVersion>
  reclaim(request: {
    readonly before: number
    readonly dryRun: boolean
    readonly signal: AbortSignal
    /** What this stage holds, instead of what it holds now. */
    readonly held: () => AsyncIterable<Digest>
  }): Promise<ReclaimedBlobs>
}

export function garbageOf(
  garbage: GarbagePoint | undefined,
  {
    platform,
    directory,
    held,
  }: {
    readonly platform: Pick<Platform, 'database'>
    /** Of the project, where pointer files are. */
    readonly directory: () => Promise<string>
    readonly held: (versions: AsyncIterable<Digest>) => AsyncIterable<Digest>
  },
): Pick<RemotesOptions, 'named' | 'reclaim'> {
  const point = (): GarbagePoint =>
    garbage ?? fail('not_ready', 'Nobody says here which versions of datasets are used.')
  return {
    named: async function* () {
      yield* namedByTags(platform)
      yield* namedByPointers(await directory())
      yield* point().namedVersions()
    },
    reclaim: ({ heldByVersions, ...request }) =>
      point().reclaim({ ...request, held: () => held(heldByVersions()) }),
  }
}

async function* namedByTags({ database }: Pick<Platform, 'database'>): AsyncIterable<NamedVersion> {
  const tags = await database.query.withTables<DataTables>().selectFrom('dataset_tags').selectAll().execute()
  for (const { dataset, version, tag } of tags) yield { dataset, version, by: `tag ${tag}` }
}

export function isMasked({ platform, project }: DataServiceOptions): (dataset: string) => Promise<boolean> {
  const { database, clock, config } = platform
  const maskings = createMaskings({ database, clock, project, secret: config.maskingKey })
  return async (dataset) => hidesAnything(await maskings.of(dataset))
}
