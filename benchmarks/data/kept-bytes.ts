import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** What the files below a folder take on the disk, in bytes; a file with several names counts once. */
export function keptBytes(folder: string): number {
  const seen = new Set<number>()
  let bytes = 0
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const { ino, blocks } = lstatSync(join(entry.parentPath, entry.name))
    if (!seen.has(ino)) bytes += blocks * 512
    seen.add(ino)
  }
  return bytes
}
