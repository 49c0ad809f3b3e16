import { fail } from '#contract/errors'
import { digestOf, type Digest } from '#platform/blobs/index'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { createLayoutsWriter } from './layouts-text.ts'
import type { RemoteTools } from './remote-tools.ts'
import { filesOfVersion, otherDigestsOf } from './version-contents.ts'
import type { VersionDocument } from './version-document.ts'

export interface DescribedVersion {
  readonly document: VersionDocument
  /** The blob that the document names as its layouts; it is stored nowhere yet. */
  readonly layouts: Uint8Array
  /** With their sizes. */
  readonly blocks: ReadonlyMap<Digest, number>
  readonly files: number
}

/** A version as it is handed on, under some number. @throws not_found when bytes of it are not here. */
export async function describeVersion(
  version: DatasetVersion,
  number: number,
  { platform: { blobs, files }, rows }: Pick<RemoteTools, 'platform' | 'rows'>,
): Promise<DescribedVersion> {
  const writer = createLayoutsWriter(
    async (block) => (await blobs.head(block))?.sizeBytes ?? noBytes(version, block),
  )
  const digests = new Set<Digest>()
  for await (const { digest } of filesOfVersion(version, blobs)) digests.add(digest)
  for await (const layout of files.layouts(digests)) await writer.add(layout)
  const { bytes, blocks } = await writer.end()
  const others: Digest[] = []
  for (const digest of otherDigestsOf(version)) {
    if ((await blobs.head(digest)) !== undefined) others.push(digest)
  }
  const siblings = await rows.identities(version.dataset)
  const document: VersionDocument = {
    format: 1,
    version: { ...version, version: number },
    parentDigest: siblings.find((each) => each.version === version.parent)?.digest ?? null,
    blobs: others,
    layouts: digestOf(bytes),
  }
  return { document, layouts: bytes, blocks, files: digests.size }
}

function noBytes({ dataset, version }: DatasetVersion, digest: Digest): never {
  return fail('not_found', `The stored bytes ${digest} of ${dataset}@${version} are not here.`, {
    hint: `devmlops data pull ${dataset}@${version} fetches them from a remote that has them.`,
  })
}
