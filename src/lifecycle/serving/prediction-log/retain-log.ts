import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { columnarDirectory, readIndex, writeIndex, type ColumnarFile } from './columnar-index.ts'

export interface Retention {
  readonly files: number
  readonly rows: number
  readonly bytes: number
}

/** Whole files whose latest prediction is older. */
export async function expiredFiles(directory: string, before: number): Promise<readonly ColumnarFile[]> {
  return (await readIndex(directory)).files.filter(({ lastTime }) => lastTime < before)
}

/**
 * Removes whole files whose latest prediction is older. The index forgets them first: a process that dies in between leaves
 * files that nobody reads, which the next compaction removes.
 */
export async function retainLog(directory: string, before: number): Promise<Retention> {
  const expired = await expiredFiles(directory, before)
  const gone = {
    files: expired.length,
    rows: expired.reduce((sum, { rows }) => sum + rows, 0),
    bytes: expired.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  }
  if (expired.length === 0) return gone
  const index = await readIndex(directory)
  const names = new Set(expired.map(({ path }) => path))
  await writeIndex(directory, {
    ...index,
    files: index.files.filter(({ path }) => !names.has(path)),
    removed: { rows: index.removed.rows + gone.rows, bytes: index.removed.bytes + gone.bytes },
  })
  for (const path of names) await rm(join(columnarDirectory(directory), path), { force: true })
  return gone
}
