import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { partialName } from '#platform/files/index'
import type { Platform } from '#platform/platform'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { tarOf, type TarEntry } from './tar-file.ts'
import { filesOf, openTree } from './tree.ts'
import { requireTree } from './version-tree.ts'
import type { ProgressReport } from './work-progress.ts'

/** Writes a folder's version as one archive; the same version is the same bytes. */
export async function exportTar(
  {
    version,
    file,
    signal,
    report,
  }: {
    readonly version: DatasetVersion
    /** Absolute; its folder is there. */
    readonly file: string
    readonly signal?: AbortSignal | undefined
    readonly report?: ProgressReport | undefined
  },
  platform: Pick<Platform, 'files' | 'blobs'>,
): Promise<void> {
  const aside = join(dirname(file), partialName(randomUUID()))
  await using tree = await openTree(platform.blobs, requireTree(version))
  let files = 0
  let bytes = 0
  async function* entries(): AsyncGenerator<TarEntry> {
    for await (const { path, digest, sizeBytes, executable } of filesOf(tree)) {
      yield {
        path,
        sizeBytes,
        executable,
        changedAt: version.createdAt / 1000,
        content: () => platform.files.stream(digest),
      }
      files += 1
      bytes += sizeBytes
      report?.({ files, bytes })
    }
  }
  try {
    await pipeline(
      Readable.from(tarOf(entries()), { objectMode: false }),
      createWriteStream(aside),
      ...(signal === undefined ? [] : [{ signal }]),
    )
    await rename(aside, file)
  } finally {
    await rm(aside, { force: true })
  }
}
