import { lstatSync, mkdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { FileStore } from '#platform/files/index'
import type { ProgressReport } from './work-progress.ts'

export interface FileToPlace {
  readonly path: string
  readonly digest: Digest
  readonly executable: boolean
}

export interface Replacement {
  /** Absolute, and no link. */
  readonly root: string
  readonly write: readonly FileToPlace[]
  /** Paths of files that go. */
  readonly remove: readonly string[]
}

const callsPerTurn = 1024

/**
 * Puts files into a folder and takes others away, those first that go: a file may stand where a folder has to be. Stopped
 * at any moment, it leaves each file either as it was or as it will be.
 */
export async function replaceFiles(
  files: Pick<FileStore, 'materialize'>,
  { root, write, remove }: Replacement,
  { signal, report }: { signal?: AbortSignal | undefined; report?: ProgressReport | undefined },
): Promise<void> {
  await removeFiles(root, remove)
  makeFolders(root, write)
  const placed = write.map(({ path, digest, executable }) => ({
    path: `${root}/${path}`,
    digest,
    executable,
  }))
  await files.materialize(placed, { ...(signal && { signal }), ...(report && { report }) })
}

async function removeFiles(root: string, paths: readonly string[]): Promise<void> {
  const folders = new Set<string>()
  for (const [count, path] of paths.entries()) {
    if (count % callsPerTurn === 0) await nextTurn()
    try {
      unlinkSync(`${root}/${path}`)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) folders.add(folder)
  }
  // The deepest first; what still holds something stays.
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) {
    try {
      rmdirSync(`${root}/${folder}`)
    } catch {
      continue
    }
  }
}

/**
 * The folders that files go into, each looked at on the way down: a link among them would lead the files elsewhere.
 * @throws conflict naming what stands in the way
 */
function makeFolders(root: string, write: readonly FileToPlace[]): void {
  const made = new Set<string>([''])
  mkdirSync(root, { recursive: true })
  for (const { path } of write) {
    const folder = parentOf(path)
    if (made.has(folder)) continue
    for (const part of ancestors(folder)) {
      if (made.has(part)) continue
      const place = `${root}/${part}`
      const found = lstatSync(place, { throwIfNoEntry: false })
      if (found === undefined) mkdirSync(place)
      else if (!found.isDirectory()) {
        fail(
          'conflict',
          `${part} is ${found.isSymbolicLink() ? 'a symbolic link' : 'a file'} where a folder has to be.`,
          {
            hint: 'Move it away, then check out again.',
            at: part,
          },
        )
      }
      made.add(part)
    }
  }
}

function ancestors(path: string): string[] {
  const names = path.split('/')
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
