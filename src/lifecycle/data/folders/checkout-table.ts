import { mkdir, realpath, stat } from 'node:fs/promises'
import { isAbsolute, posix } from 'node:path'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import type { DataStore } from '../store.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { CheckoutResult } from './checkout-result.ts'
import { digestOfPath } from './hash-files.ts'
import { matchPatterns } from './name-patterns.ts'
import { replaceFiles, type FileToPlace } from './replace-files.ts'
import type { ProgressReport } from './work-progress.ts'

export interface CheckoutTableRequest {
  readonly version: DatasetVersion
  /** Absolute. */
  readonly place: string
  readonly only: readonly string[]
  readonly force: boolean
  readonly signal?: AbortSignal | undefined
  readonly report?: ProgressReport | undefined
}

/** Writes the parts of a table, as the user's own bytes, under their names. Other files in the folder stay. */
export async function checkoutTable(
  { version, place, only, force, signal, report }: CheckoutTableRequest,
  { platform, store }: { readonly platform: Platform; readonly store: DataStore },
): Promise<CheckoutResult> {
  await mkdir(place, { recursive: true })
  const root = await realpath(place)
  const wanted = only.length === 0 ? () => true : matchPatterns(only)
  const named = partNames(version).filter(({ path }) => wanted(path))
  const write: FileToPlace[] = []
  for (const { path, digest } of named) {
    const there = await existingDigest(`${root}/${path}`, path)
    if (there === digest) continue
    if (there !== undefined && !force && !(await isPart(version.dataset, there, store))) {
      fail('conflict', `${path} is in no version as it is and would be lost.`, {
        hint: 'Move it away, choose another folder with --to, or lose it with --force.',
        at: path,
      })
    }
    write.push({ path, digest, executable: false })
  }
  await replaceFiles(platform.files, { root, write, remove: [] }, { signal, report })
  return {
    dataset: version.dataset,
    version: version.version,
    digest: version.digest,
    place,
    written: write.length,
    removed: 0,
    unchanged: named.length - write.length,
  }
}

/**
 * A name for each part: as it was called, where that was a path in the project; else the last word of where it came from.
 * The same name twice gets a number.
 */
export function partNames({ parts }: DatasetVersion): { path: string; digest: Digest }[] {
  const taken = new Set<string>()
  return parts.map(({ path, digest }) => {
    const plain = plainName(path)
    const { dir, name, ext } = posix.parse(plain)
    let chosen = plain
    for (let number = 2; taken.has(chosen); number += 1) chosen = posix.join(dir, `${name}-${number}${ext}`)
    taken.add(chosen)
    return { path: chosen, digest }
  })
}

function plainName(path: string): string {
  const isUrl = /^[a-z][a-z0-9+.-]*:\/\//i.test(path)
  const shown = isUrl ? posix.basename(path.replace(/[?#].*$/, '')) : path.replaceAll('\\', '/')
  const normal = posix.normalize(shown)
  const leadsOut = isAbsolute(normal) || normal.startsWith('..') || /^[A-Za-z]:/.test(normal)
  const name = leadsOut ? posix.basename(normal) : normal
  return name === '' || name === '.' || name === '..' ? 'part' : name
}

async function existingDigest(place: string, name: string): Promise<Digest | undefined> {
  const found = await stat(place).catch(() => undefined)
  if (found === undefined) return undefined
  if (!found.isFile())
    fail('conflict', `${name} is no file.`, { hint: 'Choose another folder with --to.', at: name })
  return digestOfPath(place)
}

async function isPart(dataset: string, digest: Digest, store: DataStore): Promise<boolean> {
  let before: number | undefined
  for (;;) {
    const page = await store.versions(dataset, { limit: 100, before })
    for (const { version } of page) {
      const parts = (await store.version(dataset, version))?.parts
      if (parts?.some((part) => part.digest === digest)) return true
    }
    before = page.at(-1)?.version
    if (page.length < 100) return false
  }
}
