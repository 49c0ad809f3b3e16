import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TinyDisk {
  readonly directory: string
  /** Leaves so much space. */
  fill(freeBytes: number): void
  /** Takes back what `fill` took. */
  empty(): void
  remove(): void
}

/** A real disk of a few megabytes; undefined where this user may not mount one. */
export function tinyDisk(sizeBytes: number): TinyDisk | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'devmlops-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    rmSync(directory, { recursive: true })
    return undefined
  }
  return {
    directory,
    fill: (freeBytes) => {
      const { bavail, bsize } = statfsSync(directory)
      writeFileSync(join(directory, 'ballast'), Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)))
    },
    empty: () => rmSync(join(directory, 'ballast'), { force: true }),
    remove: () => {
      execFileSync('umount', [directory])
      rmSync(directory, { recursive: true })
    },
  }
}

export const noTinyDisk = 'this user may not mount a disk'
