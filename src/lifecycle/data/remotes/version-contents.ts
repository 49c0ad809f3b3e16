import type { BlobStore, Digest } from '#platform/blobs/index'
import { digestsInText } from '#platform/held-digests'
import { filesOf, openTree } from '../folders/tree.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'

export interface ContentFile {
  readonly path: string
  readonly digest: Digest
  readonly sizeBytes: number
}

/** The files of a version, whatever kind it is; the same bytes may come under several paths. */
export async function* filesOfVersion(
  {
    kind,
    parts,
    originals = [],
    tree,
  }: Pick<DatasetVersion, 'kind' | 'parts' | 'tree'> & Partial<Pick<DatasetVersion, 'originals'>>,
  blobs: Pick<BlobStore, 'localPath'>,
): AsyncIterable<ContentFile> {
  if (kind === 'table' || tree === null) {
    yield* parts
    // The files as they came, where the parts are what was made of them.
    yield* originals
    return
  }
  await using opened = await openTree(blobs, tree)
  yield* filesOf(opened)
}

/**
 * What a version names besides its files: its profile, the lists of a folder's files, samples of rows. Found by looking
 * at every digest in it, so that whatever a version comes to name later is not forgotten here.
 */
export function otherDigestsOf(version: DatasetVersion): Digest[] {
  const { digest, tree, parts, originals, ...rest } = version
  const files = new Set<string>([digest, ...[...parts, ...originals].map((file) => file.digest)])
  if (tree !== null) files.add(tree.root)
  const found = [...digestsInText(JSON.stringify(rest)), ...(tree?.packs ?? [])]
  return [...new Set(found)].filter((each) => !files.has(each))
}
