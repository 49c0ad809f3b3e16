import { fail, messageOf } from '#contract/errors'
import type { Digest, BlobStore } from '#platform/blobs/index'
import type { Log } from '#platform/log'
import type { ModelArtifact, ModelVersion } from './contract.ts'
import { mlModelFile, readMlModel } from './mlmodel.ts'
import { parseSourceUri } from './model-source-uri.ts'
import type { RegistryStore } from './store.ts'
import type { Snapshot as SnapshotState } from './version-store.ts'

/** The files below a URI that tracking answers for, with paths relative to it; undefined for any other URI. */
export type ArtifactsOfUri = (uri: string) => Promise<readonly ModelArtifact[] | undefined>

/** What a version is made of that a client registered by the place of its files. */
export interface Snapshot extends Pick<
  ModelVersion,
  'artifacts' | 'signature' | 'flavors' | 'lineage' | 'evaluation'
> {
  readonly state: SnapshotState
}

export interface SnapshotDependencies {
  readonly store: RegistryStore
  readonly blobs: BlobStore
  readonly log: Log
  readonly artifactsOfUri: ArtifactsOfUri
}

/** Copies of copies end here: a version can only name one that was there before it. */
const mostCopies = 20

/**
 * Keeps what a version is made of, by digest, as it was when it was registered: what is logged to the run afterwards, or
 * deleted from it, does not change the version. When no file is there yet, the first read that finds some keeps them.
 */
export function createSnapshots({ store, blobs, log, artifactsOfUri }: SnapshotDependencies) {
  const nothing = { artifacts: [], signature: null, flavors: [], evaluation: null } as const
  const noLineage = { datasets: [], parameters: {}, environment: {} }

  const describe = (artifacts: readonly ModelArtifact[]) => describeFiles(artifacts, { blobs, log })

  const take = async (source: string, hops = 0): Promise<Snapshot> => {
    const parsed = parseSourceUri(source)
    if (parsed.kind === 'foreign')
      return { ...nothing, artifacts: [], flavors: [], lineage: noLineage, state: 'foreign' }
    if (parsed.kind === 'version') return copyOf(parsed, hops)
    const found = await artifactsOfUri(source)
    if (found === undefined && parsed.kind === 'logged model') {
      return fail('not_found', `There is no logged model "${parsed.modelId}".`, { at: 'source' })
    }
    if (found === undefined || found.length === 0) {
      const state = found === undefined && parsed.kind === 'proxied' ? 'foreign' : 'awaited'
      return { ...nothing, artifacts: [], flavors: [], lineage: noLineage, state }
    }
    const artifacts = found.map(({ path, digest, sizeBytes }) => ({ path, digest, sizeBytes }))
    return { artifacts, ...(await describe(artifacts)), lineage: noLineage, evaluation: null, state: 'taken' }
  }

  /** A copy is made of the same things, so it was judged by the same evaluation. */
  const copyOf = async (
    { name, reference }: { name: string; reference: string },
    hops: number,
  ): Promise<Snapshot> => {
    const missing: Snapshot = { ...nothing, artifacts: [], flavors: [], lineage: noLineage, state: 'foreign' }
    const number =
      (await store.modelNumber(name)) ?? (await store.modelNumber((await store.nameSince(name)) ?? name))
    if (number === undefined || hops > mostCopies) return missing
    const version = await store.versionNumberOf(number, reference)
    const [original] = await store.versions({ number }, { version: version ?? 0, limit: 1 })
    if (version === undefined || original === undefined) return missing
    const state = (await store.snapshotOf({ modelNumber: number, version })) ?? 'foreign'
    if (state === 'awaited' && original.source !== null) return take(original.source, hops + 1)
    const { artifacts, signature, flavors, lineage, evaluation } = original
    return { artifacts, signature, flavors, lineage, evaluation, state }
  }

  return {
    take: (source: string): Promise<Snapshot> => take(source),

    /** The version with its files, if they were awaited and are there now. */
    complete: async (version: ModelVersion, modelNumber: number): Promise<ModelVersion> => {
      if (version.artifacts.length > 0 || version.source === null) return version
      const key = { modelNumber, version: version.version }
      if ((await store.snapshotOf(key)) !== 'awaited') return version
      // What it names may be gone by now.
      const snapshot = await take(version.source).catch(() => undefined)
      if (snapshot?.state !== 'taken') return version
      const { state: _, ...record } = snapshot
      await store.keepSnapshot(key, record)
      // What another reader kept a moment before counts.
      return (await store.versions({ number: modelNumber }, { version: key.version, limit: 1 }))[0] ?? version
    },
  }
}

/** What an `MLmodel` among the files says of them. */
export async function describeFiles(
  artifacts: readonly ModelArtifact[],
  { blobs, log }: Pick<SnapshotDependencies, 'blobs' | 'log'>,
): Promise<Pick<Snapshot, 'signature' | 'flavors'>> {
  const file = artifacts.find(({ path }) => path === mlModelFile)
  if (file === undefined) return { signature: null, flavors: [] }
  try {
    const { signature, flavors } = readMlModel(Buffer.from(await blobs.get(file.digest as Digest)).toString())
    return { signature, flavors: Object.keys(flavors) }
  } catch (error) {
    log.warn({ digest: file.digest, error: messageOf(error) }, 'an MLmodel file was not read')
    return { signature: null, flavors: [] }
  }
}
