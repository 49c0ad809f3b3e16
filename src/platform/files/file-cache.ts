import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Digest } from '../blobs/index.ts'
import { readLayout } from './layout-text.ts'
import { localBlocks } from './local-blocks.ts'
import type { WriteParts } from './materialize-files.ts'
import { isPartialName } from './partial-name.ts'
import { wholeBlock } from './write-files.ts'

export interface FileCache {
  /** A read-only file with these bytes: their block, if they have one of their own, or a copy that is kept for a while. */
  pathOf(digest: Digest): Promise<string>
}

/** A reader may open a path some time after it was told. */
const graceMs = 60 * 60_000
const littleBytes = 8 * 1024 * 1024

/** Copies of files whose bytes lie in blocks with others. The ones that were not asked for longest go first. */
export function createFileCache(
  root: string,
  { blobs, pool, rowsOf, limitBytes }: WriteParts & { readonly limitBytes: number },
): FileCache {
  const making = new Map<Digest, Promise<string>>()
  /** When this process last told the path. */
  const told = new Map<string, number>()

  const make = async (digest: Digest): Promise<string> => {
    const [row] = await rowsOf([digest])
    if (row === undefined) throw new Error('A file without a row.')
    const block = wholeBlock(row, readLayout(row, row.layout).segments)
    if (block !== undefined) return blobs.localPath(block)
    const hex = digest.slice('sha256:'.length)
    const path = join(root, hex.slice(0, 2), hex.slice(2))
    told.set(path, Date.now())
    if (await isThere(path, row.sizeBytes)) return path
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const blocks = await localBlocks([row.layout], blobs)
    const file = { digest, sizeBytes: row.sizeBytes, layout: row.layout, path, executable: false }
    const little = row.sizeBytes <= littleBytes
    await pool.run('writeFiles', { files: [file], blocks, keep: true }, { little })
    await trim()
    return path
  }

  /** Also makes it the one that was used last. */
  const isThere = async (path: string, sizeBytes: number): Promise<boolean> => {
    const found = await stat(path).catch(() => undefined)
    if (found?.size !== sizeBytes) return false
    const now = new Date()
    await utimes(path, now, now)
    return true
  }

  const trim = async (): Promise<void> => {
    const old = Date.now() - graceMs
    const files: { path: string; sizeBytes: number; usedAt: number }[] = []
    for (const folder of await readdir(root)) {
      for (const name of await readdir(join(root, folder))) {
        const path = join(root, folder, name)
        const found = await stat(path).catch(() => undefined)
        if (found === undefined) continue
        // A process died while it wrote this one.
        if (isPartialName(name) && found.mtimeMs < old) await rm(path, { force: true })
        else files.push({ path, sizeBytes: found.size, usedAt: found.mtimeMs })
      }
    }
    let total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    for (const { path, sizeBytes, usedAt } of files.sort((a, b) => a.usedAt - b.usedAt)) {
      if (total <= limitBytes) return
      if (Math.max(usedAt, told.get(path) ?? 0) >= old) continue
      await rm(path, { force: true })
      told.delete(path)
      total -= sizeBytes
    }
  }

  return {
    pathOf: (digest) => {
      const running = making.get(digest)
      if (running !== undefined) return running
      const work = make(digest).finally(() => making.delete(digest))
      making.set(digest, work)
      return work
    },
  }
}
