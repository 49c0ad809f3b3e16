import type { BlobStore, Digest } from '../blobs/index.ts'
import type { FileStore } from './file-store.ts'
import { readLayout } from './layout-text.ts'
import { localBlocks } from './local-blocks.ts'
import { pagesOf } from './pages-of.ts'
import type { StoredFileRow } from './stored-files.ts'
import { tasksPerThread, type TaskPool } from './task-pool.ts'
import type { FileToWrite } from './write-files.ts'

export interface WriteParts {
  readonly blobs: BlobStore
  readonly pool: TaskPool
  /** Rows of files, also of plain blobs, in the order of the digests. */
  readonly findRows: (digests: readonly Digest[]) => Promise<(StoredFileRow | undefined)[]>
  /** The same; @throws not_found */
  readonly rowsOf: (digests: readonly Digest[]) => Promise<StoredFileRow[]>
}

/** Files of a page are sorted by where they lie, so that blocks are read from the beginning to the end. */
const pageFiles = 20_000
const taskFiles = 512
const taskBytes = 32 * 1024 * 1024
const fewFiles = 8
const littleBytes = 1024 * 1024

export async function materializeFiles(
  files: Parameters<FileStore['materialize']>[0],
  { signal: outside, report }: NonNullable<Parameters<FileStore['materialize']>[1]>,
  { blobs, pool, rowsOf }: WriteParts,
): Promise<void> {
  const stop = new AbortController()
  const signal = outside === undefined ? stop.signal : AbortSignal.any([outside, stop.signal])
  const progress = { files: 0, bytes: 0 }
  const running = new Set<Promise<void>>()
  let failure: { readonly error: unknown } | undefined

  const write = async (task: readonly FileToWrite[]): Promise<void> => {
    try {
      const blocks = await localBlocks(
        task.map(({ layout }) => layout),
        blobs,
      )
      const little = task.length <= fewFiles && bytesOf(task) <= littleBytes
      await pool.run('writeFiles', { files: task, blocks, keep: false }, { signal, little })
      progress.files += task.length
      progress.bytes += bytesOf(task)
      report?.({ ...progress })
    } catch (error) {
      failure ??= { error }
      stop.abort()
    }
  }

  try {
    for await (const page of pagesOf(files, pageFiles)) {
      const rows = await rowsOf(page.map(({ digest }) => digest))
      const wanted = rows.map((row, index): FileToWrite => {
        const { path, executable } = page[index] as (typeof page)[number]
        return { digest: row.digest, sizeBytes: row.sizeBytes, layout: row.layout, path, executable }
      })
      for (const task of tasksOf(wanted)) {
        if (failure !== undefined) break
        signal.throwIfAborted()
        const work = write(task).finally(() => running.delete(work))
        running.add(work)
        while (running.size > pool.size * tasksPerThread) await Promise.race(running)
      }
    }
  } finally {
    await Promise.all(running)
  }
  if (failure !== undefined) throw failure.error
}

function* tasksOf(files: readonly FileToWrite[]): Iterable<FileToWrite[]> {
  const placed = files
    .map((file) => ({ file, place: placeOf(file) }))
    .sort((a, b) => compare(a.place.block, b.place.block) || a.place.offset - b.place.offset)
  let task: FileToWrite[] = []
  let bytes = 0
  for (const { file } of placed) {
    task.push(file)
    bytes += file.sizeBytes
    if (task.length < taskFiles && bytes < taskBytes) continue
    yield task
    task = []
    bytes = 0
  }
  if (task.length > 0) yield task
}

function bytesOf(files: readonly FileToWrite[]): number {
  return files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function placeOf(file: FileToWrite): { block: string; offset: number } {
  // Where a file of many chunks begins does not matter.
  if (file.layout.length > 1000) return { block: file.digest, offset: 0 }
  return readLayout(file, file.layout).segments[0] ?? { block: '', offset: 0 }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
