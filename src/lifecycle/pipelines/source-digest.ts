import { createHash } from 'node:crypto'
import { createReadStream, readFileSync, realpathSync, statSync, type BigIntStats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import { fail } from '#contract/errors'
import type { PipelineStore } from './store.ts'

/** Hashing a file up to this size costs less than asking the store about it. */
const smallFileBytes = 65_536

/**
 * A file that changed this recently may change again without its times showing it (timestamps have the grain of the
 * kernel's clock), so its digest is not kept. Git calls such entries racy.
 */
const racyMs = 2000

export interface SourceDigests {
  /** Of a file's bytes, or of a folder's file names and bytes. Fails with `not_found`. */
  digestOf(path: string): Promise<string>
}

/** Content digests of files that a step depends on; big files that did not change are not read again. */
export function createSourceDigests(
  store: Pick<PipelineStore, 'sourceDigest' | 'keepSourceDigest'>,
): SourceDigests {
  const ofFile = async (path: string, stats: BigIntStats): Promise<string> => {
    if (stats.size <= smallFileBytes) return hashText(readFileSync(path))
    const fingerprint = [stats.size, stats.mtimeNs, stats.ctimeNs, stats.ino].join(':')
    const known = await store.sourceDigest(path, fingerprint)
    if (known !== undefined) return known
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer)
    const digest = `sha256:${hash.digest('hex')}`
    // Kept for speed only: a store that is looked at while another process writes cannot keep it.
    if (Date.now() - Number(stats.ctimeMs) > racyMs)
      await store.keepSourceDigest(path, fingerprint, digest).catch(() => undefined)
    return digest
  }
  return {
    digestOf: async (path) => {
      const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
      if (stats === undefined) {
        return fail('not_found', `There is no file or folder ${path}.`, { at: path })
      }
      if (!stats.isDirectory()) return ofFile(path, stats)
      const hash = createHash('sha256')
      for (const name of await filesIn(path)) {
        const file = join(path, name)
        hash.update(`${name}\0${await ofFile(file, statSync(file, { bigint: true }))}\n`)
      }
      return `sha256:${hash.digest('hex')}`
    },
  }
}

/** The files of a folder and below, as sorted relative paths with forward slashes. */
export async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
    .map((path) => relative(directory, path).split(sep).join('/'))
    .sort()
}

/** The absolute path of a file that the project names; it must lie inside the project. */
export function projectPath(directory: string, path: string): string {
  const absolute = resolve(directory, path)
  const inside = relative(directory, absolute)
  if (inside.startsWith('..') || isAbsolute(inside)) {
    fail('invalid_project', `${path} lies outside of the project.`, {
      hint: 'Copy or link it into the project, or add it as a dataset.',
      at: path,
    })
  }
  return absolute
}

export function hashText(text: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

/** Where a program is, links followed: a path from the project's folder, or a name on the PATH. */
export function findProgram(
  name: string,
  { directory, searchPath }: { readonly directory: string; readonly searchPath: string },
): string | undefined {
  const candidates = name.includes('/')
    ? [resolve(directory, name)]
    : searchPath.split(':').map((folder) => join(folder, name))
  for (const candidate of candidates) {
    if (statSync(candidate, { throwIfNoEntry: false })?.isFile() === true) return realpathSync(candidate)
  }
  return undefined
}
