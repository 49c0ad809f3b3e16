import type { ArtifactEntry } from '#lifecycle/tracking/index'
import type { Json } from './call.ts'

/** One folder as clients read it: `is_dir` is always there, as they take its absence for a fault. */
export function artifactFiles(
  entries: readonly ArtifactEntry[],
  nameOf: (path: string) => string = (path) => path,
): Json {
  return entries.map(({ path, isDirectory, sizeBytes }) => ({
    path: nameOf(path),
    is_dir: isDirectory,
    file_size: sizeBytes,
  }))
}
