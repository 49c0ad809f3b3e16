import { fail } from '#contract/errors'
import type { Digest, StoredBlob } from '#platform/blobs/index'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { inParallel } from './in-parallel.ts'
import { createLayoutsWriter } from './layouts-text.ts'
import { numberTaken } from './number-conflict.ts'
import type { Remote, RemoteWriting } from './remote.ts'
import type { RemoteTools, TransferOptions, Transferred } from './remote-tools.ts'
import { documentBlobs, identityOf, type VersionDocument } from './version-document.ts'
import { filesOfVersion, otherDigestsOf } from './version-contents.ts'

interface Push {
  readonly version: DatasetVersion
  /** The number that it gets there. */
  readonly number: number
  readonly remote: Remote & { readonly writing: RemoteWriting }
}

/**
 * Sends what is missing of a version: its blocks side by side, then the document that names them. Whoever looks at the
 * remote sees all of the version or none; what was sent before a line broke is there when it is sent again.
 */
export async function pushVersion(
  { version, number, remote }: Push,
  { platform, rows }: RemoteTools,
  { signal, report }: TransferOptions,
): Promise<Transferred> {
  const { blobs, files } = platform
  const sizeOf = async (digest: Digest): Promise<number> =>
    (await blobs.head(digest))?.sizeBytes ?? noBytes(version, digest)
  const writer = createLayoutsWriter(sizeOf)
  const digests = new Set<Digest>()
  for await (const { digest } of filesOfVersion(version, blobs)) digests.add(digest)
  for await (const layout of files.layouts(digests)) await writer.add(layout)
  const layouts = await writer.end()
  const { digest: layoutsDigest } = await blobs.put(layouts.bytes)
  const others: Digest[] = []
  for (const digest of otherDigestsOf(version)) {
    if ((await blobs.head(digest)) !== undefined) others.push(digest)
  }
  const parents = await rows.identities(version.dataset)
  const document: VersionDocument = {
    format: 1,
    version: { ...version, version: number },
    parentDigest: parents.find((each) => each.version === version.parent)?.digest ?? null,
    blobs: others,
    layouts: layoutsDigest,
  }

  const missing: StoredBlob[] = []
  await inParallel(
    new Set([...layouts.blocks.keys(), ...documentBlobs(document)]),
    async (digest) => {
      if (await remote.writing.has(digest)) return
      missing.push({ digest, sizeBytes: layouts.blocks.get(digest) ?? (await sizeOf(digest)) })
    },
    { limit: 16, signal },
  )
  const total = {
    ofBlocks: missing.length,
    ofBytes: missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
  const sent = { blocks: 0, bytes: 0 }
  const tell = (): void => report({ dataset: version.dataset, version: version.version, ...sent, ...total })
  tell()
  await inParallel(
    missing,
    async (blob) => {
      await remote.writing.send(blob, await blobs.localPath(blob.digest), (bytes) => {
        sent.bytes += bytes
        tell()
      })
      sent.blocks += 1
      tell()
    },
    { signal },
  )
  if (!(await remote.writing.addDocument(document))) {
    const there = await remote.document({ dataset: version.dataset, version: number })
    if (there === undefined || identityOf(there.version) !== identityOf(version)) {
      numberTaken({
        dataset: version.dataset,
        version: number,
        by: there?.version,
        at: remote.name,
        pushing: true,
      })
    }
  }
  return {
    dataset: version.dataset,
    version: version.version,
    otherVersion: number,
    state: 'moved',
    files: digests.size,
    blocks: missing.length,
    bytes: total.ofBytes,
  }
}

function noBytes({ dataset, version }: DatasetVersion, digest: Digest): never {
  return fail('not_found', `The stored bytes ${digest} of ${dataset}@${version} are not here.`, {
    hint: `devmlops data verify ${dataset}@${version} --repair fetches them from a remote that has them.`,
  })
}
