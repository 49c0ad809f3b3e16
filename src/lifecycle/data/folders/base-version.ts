import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import { isConflicted, pointerName, readPointer } from '../pointers/pointer-file.ts'
import type { DataStore } from '../store.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { readFolderRecord } from './folder-record.ts'

/** What the working files of a dataset are compared with. */
export interface BaseVersion {
  /** Undefined: there is nothing to compare with. */
  readonly version: DatasetVersion | undefined
  readonly by: 'pointer' | 'checkout' | 'newest'
  /** Of a part that was checked out: the patterns. */
  readonly only: readonly string[]
  /** What a person must know. */
  readonly notes: readonly string[]
}

/**
 * The version that the pointer file names, else the one that was checked out or added last, else the newest. Numbers are
 * given by each store for itself, so that of a pointer the digest counts.
 */
export async function baseVersion(
  dataset: string,
  {
    platform,
    store,
    project,
  }: {
    readonly platform: Pick<Platform, 'config'>
    readonly store: DataStore
    readonly project: Pick<DataProject, 'directory'>
  },
): Promise<BaseVersion> {
  const record = await readFolderRecord(platform.config.home, dataset)
  const recorded = record && (await store.versionOf(dataset, record))
  const checkedOut: BaseVersion = recorded
    ? { version: recorded, by: 'checkout', only: record?.only ?? [], notes: [] }
    : { version: await store.version(dataset, 'latest'), by: 'newest', only: [], notes: [] }
  const pointer = await readPointer(project.directory, dataset)
  if (pointer === undefined) return checkedOut
  const name = pointerName(dataset)
  if (isConflicted(pointer)) {
    const sides = pointer.sides.map(({ version, digest }) =>
      version === undefined ? 'no version' : `version ${version} (${digest?.slice(7, 19) ?? 'no digest'})`,
    )
    const note =
      `${name} has a merge that nobody has decided: ${sides.join(' or ')}. ` +
      `Take one: devmlops data checkout ${dataset}@VERSION; or put the files of both into the folder and add them.`
    return { ...checkedOut, notes: [note] }
  }
  const pointed = await store.versionOf(dataset, pointer)
  if (pointed === undefined) {
    const note =
      `${name} names version ${pointer.version} (${pointer.digest.slice(7, 19)}), which is not in this store. ` +
      `Fetch it: devmlops data pull ${dataset}.`
    return { ...checkedOut, notes: [note] }
  }
  const only = recorded?.version === pointed.version ? checkedOut.only : []
  return { version: pointed, by: 'pointer', only, notes: [] }
}
