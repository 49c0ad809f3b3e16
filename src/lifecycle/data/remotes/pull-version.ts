import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { FileLayout } from '#platform/files/file-store'
import { manifestDigest } from '../versions/manifest-digest.ts'
import { fetchBlob } from './fetch-blob.ts'
import { inParallel } from './in-parallel.ts'
import { parseLayouts } from './layouts-text.ts'
import type { Remote, VersionPlace } from './remote.ts'
import type { RemoteTools, TransferOptions } from './remote-tools.ts'
import { documentBlobs, type VersionDocument } from './version-document.ts'
import { filesOfVersion } from './version-contents.ts'

export interface Pull {
  readonly document: VersionDocument
  readonly place: VersionPlace
  readonly remote: Remote
  /** Only files whose path begins so. */
  readonly only?: string | undefined
  /** Files that are here and damaged, and blocks that are to be fetched although something has their name. */
  readonly repair?: { readonly files: ReadonlySet<Digest>; readonly blocks: ReadonlySet<Digest> }
}

export interface PulledBytes {
  readonly files: number
  readonly blocks: number
  readonly bytes: number
}

const askAtOnce = 1000

/**
 * Brings the bytes of a version here that are missing; nothing names them yet. Whatever is here already is made young, so
 * that no reclaiming takes it away before it is named.
 */
export async function pullBytes(
  { document, place, remote, only, repair }: Pull,
  { platform }: Pick<RemoteTools, 'platform'>,
  { signal, report }: Pick<TransferOptions, 'signal' | 'report'>,
): Promise<PulledBytes> {
  const { blobs, files } = platform
  const isHere = async (digest: Digest): Promise<boolean> => {
    if (repair?.blocks.has(digest) === true) return false
    await blobs.renew(digest)
    return (await blobs.head(digest)) !== undefined
  }
  const named = documentBlobs(document)
  let [received, fetched] = [0, 0]
  await inParallel(
    named,
    async (digest) => {
      if (await isHere(digest)) return
      const onReceived = (bytes: number): void => void (received += bytes)
      await fetchBlob({ digest, place, remote, onReceived, signal }, blobs)
      fetched += 1
    },
    { signal },
  )
  requireDigest(document)
  const layouts = await parseLayouts(await blobs.get(document.layouts))

  const wanted = new Set<Digest>()
  for await (const { digest, path } of filesOfVersion(document.version, blobs)) {
    if (only === undefined || path.startsWith(only)) wanted.add(digest)
  }
  const absent: FileLayout[] = []
  const lookUp = async (some: readonly FileLayout[]): Promise<void> => {
    const digests = some.map(({ digest }) => digest)
    const here = await files.renew(digests, { plainBlobs: false })
    absent.push(...some.filter(({ digest }) => !here.has(digest) || repair?.files.has(digest) === true))
  }
  let some: FileLayout[] = []
  for (const layout of layouts.files()) {
    if (!wanted.delete(layout.digest)) continue
    some.push(layout)
    if (some.length < askAtOnce) continue
    await lookUp(some)
    some = []
  }
  await lookUp(some)
  const [lost] = wanted
  if (lost !== undefined) {
    fail('storage_corrupt', `${remote.name} does not say where the bytes of ${lost} are.`, { at: lost })
  }

  const needed = new Set(absent.flatMap(({ segments }) => segments.map(({ block }) => block)))
  const missing: Digest[] = []
  await inParallel(needed, async (block) => void ((await isHere(block)) || missing.push(block)), { signal })
  const sizeOf = (block: Digest): number => layouts.blocks.get(block) ?? 0
  const ofBytes = missing.reduce((sum, block) => sum + sizeOf(block), received)
  const ofBlocks = fetched + missing.length
  const tell = (): void => report({ ...place, blocks: fetched, ofBlocks, bytes: received, ofBytes })
  tell()
  await inParallel(
    missing,
    async (digest) => {
      const onReceived = (bytes: number): void => {
        received += bytes
        tell()
      }
      await fetchBlob({ digest, place, remote, sizeBytes: sizeOf(digest), onReceived, signal }, blobs)
      fetched += 1
      tell()
    },
    { signal },
  )
  // The blocks have their digests; the list that says what is in them could still lie, and a file that is added here later
  // would be taken for stored already.
  for await (const { block } of files.verifyLayouts(absent, { signal })) {
    fail(
      'storage_corrupt',
      `The list of the files of ${place.dataset}@${place.version} says of ${block} what is not in it.`,
      {
        hint: 'Nothing was taken in. Push the version again from where it is whole.',
      },
    )
  }
  // Of a file that was damaged this puts the layout that the remote has in place of the one that was here.
  await files.addLayouts(absent)
  return { files: absent.length, blocks: fetched, bytes: received }
}

/** The digest of a table covers its parts and columns, that of a folder is its topmost list of files. */
function requireDigest({ version }: VersionDocument): void {
  const digest = version.kind === 'table' ? manifestDigest(version) : version.tree?.root
  if (digest === version.digest) return
  fail('storage_corrupt', `The document of ${version.dataset}@${version.version} does not have its digest.`, {
    hint: 'Someone altered it. Push the version again under another number from where it is whole.',
  })
}
