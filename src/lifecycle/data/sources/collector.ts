import { join } from 'node:path'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import { localParts } from '../rows/arrival-tables.ts'
import type { DatasetConfig } from '../section.ts'
import type { DataStore } from '../store.ts'
import { knownDigests } from '../versions/known-digests.ts'
import { judgedDigest } from '../versions/plan-arrivals.ts'
import { collectFiles } from './collect-files.ts'
import type { Collected, CollectOptions } from './collected.ts'

interface CollectRequest {
  readonly project: Pick<DataProject, 'directory'>
  readonly config: DatasetConfig
  readonly paths: readonly string[] | undefined
}

/** Looks at a dataset's source with what the store knows of the last time. */
export function collectOptions(
  dataset: string,
  { project, config, paths }: CollectRequest,
  { platform, store }: { readonly platform: Platform; readonly store: DataStore },
): CollectOptions {
  return {
    config,
    paths,
    directory: project.directory,
    home: platform.config.home,
    spool: join(platform.config.home, 'spool'),
    lastDownload: async (url) => {
      const known = await store.lastDownload(dataset, url)
      if (known === undefined) return undefined
      const latest = await store.version(dataset, 'latest')
      const isPart = latest !== undefined && knownDigests(latest).has(known.digest)
      const isRefused = (await store.rejectionOf(dataset, judgedDigest([known.digest], config))) !== undefined
      // Bytes that are not here any more, or are to be judged by new rules, have to be fetched.
      return isPart || isRefused ? known : undefined
    },
    lastCursor: (column) => store.cursor(dataset, column),
    existing: async () => {
      const latest = await store.version(dataset, 'latest')
      return latest === undefined
        ? undefined
        : { columns: latest.columns, parts: await localParts(latest.parts, platform) }
    },
    quarantined: async () => {
      const open = await store.quarantines(dataset)
      return Promise.all(open.map(({ digest }) => platform.files.localPath(digest)))
    },
    localPath: (digest) => platform.files.localPath(digest),
  }
}

export function collect(
  dataset: string,
  request: CollectRequest,
  dependencies: { readonly platform: Platform; readonly store: DataStore },
): Promise<Collected> {
  return collectFiles(collectOptions(dataset, request, dependencies))
}
