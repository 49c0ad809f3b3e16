import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import type { DatasetConfig } from '../section.ts'
import { findFiles } from '../sources/find-files.ts'
import type { DataStore } from '../store.ts'
import { baseVersion } from './base-version.ts'
import { addPath, emptyPathLists, type DatasetStatus } from './dataset-status.ts'
import { fileDigests } from './file-digests.ts'

/** Which files of the source of a table its version does not have yet. Other sources are asked by `data add` only. */
export async function tableStatus(
  {
    dataset,
    config,
    project,
    limit,
  }: {
    readonly dataset: string
    readonly config: DatasetConfig
    readonly project: DataProject
    readonly limit: number
  },
  { platform, store }: { readonly platform: Platform; readonly store: DataStore },
): Promise<DatasetStatus> {
  const { home } = platform.config
  const base = await baseVersion(dataset, { platform, store, project })
  const latest = await store.version(dataset, 'latest')
  const notes = [...base.notes]
  const lists = emptyPathLists()
  let place = ''
  if ('files' in config.source) {
    const patterns = [config.source.files].flat()
    place = patterns.join(', ')
    const files = await findFiles(patterns, { directory: project.directory, home }).catch(() => [])
    const digests = await fileDigests(
      files.map(({ path }) => path),
      { home, dataset },
    )
    const parts = new Set(latest?.parts.map(({ digest }) => digest))
    for (const { path, name } of files) {
      const digest = digests.get(path)
      if (digest !== undefined && !parts.has(digest)) addPath(lists.added, name, limit)
    }
  } else {
    place = Object.values(config.source).find((value) => typeof value === 'string') ?? ''
    notes.push('What its source has is only asked by `devmlops data add`.')
  }
  const { version } = base
  if (version !== undefined && latest !== undefined && version.version !== latest.version) {
    notes.push(`The newest version is ${latest.version}.`)
  }
  return {
    dataset,
    kind: 'table',
    place,
    version: version === undefined ? null : { version: version.version, digest: version.digest },
    by: base.by,
    newest: latest?.version ?? null,
    clean: base.notes.length === 0 && lists.added.count === 0,
    ...lists,
    only: [],
    notes,
  }
}
