import type { Digest } from '#platform/blobs/index'
import type { DatasetVersion } from './dataset-version.ts'

/** The digests under which bytes that are in a version may be offered again: its parts, and what they were made of. */
export function knownDigests({ parts, originals }: DatasetVersion): ReadonlySet<Digest> {
  return new Set([...parts, ...originals].map(({ digest }) => digest))
}
