import { DevmlopsError } from '#contract/errors'
import type { BlobStore, Digest } from '#platform/blobs/index'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { VersionPlace } from './remote.ts'
import type { RemoteTools } from './remote-tools.ts'
import { filesOfVersion, otherDigestsOf } from './version-contents.ts'

/** Bytes of a version that are not what they were. */
export interface FoundDamage extends VersionPlace {
  /** Of the file as the version calls it; null: of what the program keeps about the version. */
  readonly path: string | null
  readonly file: Digest
  readonly block: Digest
  readonly reason: 'missing' | 'changed'
}

export interface VerifyOptions {
  readonly signal: AbortSignal
  readonly report: (progress: { readonly versions: number; readonly files: number }) => void
}

type Damage = Pick<FoundDamage, 'file' | 'block' | 'reason'>

const askAtOnce = 1000

/**
 * Computes again what every piece of some versions should be, each once however many versions have it, and answers what
 * is not so. Whoever looks at one version is told of every file of it.
 */
export async function findDamage(
  versions: readonly DatasetVersion[],
  { platform: { blobs, files } }: Pick<RemoteTools, 'platform'>,
  { signal, report }: VerifyOptions,
): Promise<{ readonly damages: FoundDamage[]; readonly files: number }> {
  const kept = new Map<Digest, Damage>()
  const checked = new Set<Digest>()
  const digests = new Set<Digest>()
  for (const [index, version] of versions.entries()) {
    for (const digest of otherDigestsOf(version)) {
      signal.throwIfAborted()
      if (checked.has(digest)) continue
      checked.add(digest)
      const reason = await reasonOf(digest, { blobs, required: isRequired(digest, version) })
      if (reason !== undefined) kept.set(digest, { file: digest, block: digest, reason })
    }
    // Its files cannot be told while the lists of them are damaged.
    if (version.tree?.packs.some((pack) => kept.has(pack)) === true) continue
    for await (const { digest } of filesOfVersion(version, blobs)) digests.add(digest)
    report({ versions: index + 1, files: digests.size })
  }

  const broken = new Map<Digest, Damage[]>()
  const note = (damage: Damage): void => {
    const before = broken.get(damage.file) ?? []
    broken.set(damage.file, [...before, damage])
  }
  const here: Digest[] = []
  for (const some of pagesOf([...digests])) {
    const found = await files.has(some)
    for (const digest of some) {
      if (found.has(digest)) here.push(digest)
      else note({ file: digest, block: digest, reason: 'missing' })
    }
  }
  for await (const damage of files.verify(here, { signal })) note(damage)
  return { damages: await named(versions, { kept, broken, blobs }), files: digests.size }
}

/** Says which version calls the damaged bytes what. */
async function named(
  versions: readonly DatasetVersion[],
  {
    kept,
    broken,
    blobs,
  }: {
    readonly kept: ReadonlyMap<Digest, Damage>
    readonly broken: ReadonlyMap<Digest, readonly Damage[]>
    readonly blobs: Pick<BlobStore, 'localPath'>
  },
): Promise<FoundDamage[]> {
  const damages: FoundDamage[] = []
  if (kept.size + broken.size === 0) return damages
  for (const version of versions) {
    const place = { dataset: version.dataset, version: version.version }
    for (const digest of otherDigestsOf(version)) {
      const damage = kept.get(digest)
      if (damage !== undefined) damages.push({ ...place, path: null, ...damage })
    }
    if (version.tree?.packs.some((pack) => kept.has(pack)) === true) continue
    for await (const { path, digest } of filesOfVersion(version, blobs)) {
      for (const damage of broken.get(digest) ?? []) damages.push({ ...place, path, ...damage })
    }
  }
  return damages
}

/** A version may speak of bytes that were never to be kept. */
function isRequired(digest: Digest, { profileDigest, tree }: DatasetVersion): boolean {
  return digest === profileDigest || tree?.packs.includes(digest) === true
}

async function reasonOf(
  digest: Digest,
  { blobs, required }: { readonly blobs: BlobStore; readonly required: boolean },
): Promise<Damage['reason'] | undefined> {
  try {
    for await (const _ of await blobs.stream(digest));
    return undefined
  } catch (error) {
    if (!(error instanceof DevmlopsError)) throw error
    if (error.code === 'storage_corrupt') return 'changed'
    if (error.code === 'not_found') return required ? 'missing' : undefined
    throw error
  }
}

function* pagesOf<T>(items: readonly T[]): Iterable<T[]> {
  for (let start = 0; start < items.length; start += askAtOnce) yield items.slice(start, start + askAtOnce)
}
