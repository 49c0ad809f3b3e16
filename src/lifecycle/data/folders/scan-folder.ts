import { lstatSync, realpathSync, statSync, type BigIntStats } from 'node:fs'
import { sep } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fail } from '#contract/errors'
import type { FolderSource } from './folder-source.ts'
import { listDirectory } from './list-directory.ts'
import { matchPatterns, type PathTest } from './name-patterns.ts'
import { isSettled, nowNs } from './settled-time.ts'
import { joinPath } from './tree-path.ts'
import { flag, statNumbers, type WorkingDirectory } from './working-directory.ts'

export interface ScanRequest {
  /** Absolute, and no link. */
  readonly root: string
  readonly source: Pick<FolderSource, 'exclude' | 'links'>
  /** Absolute paths that are nobody's data: the store, the pointer files. */
  readonly hidden: readonly string[]
  /** What was known before; it is taken over and changed. */
  readonly known: ReadonlyMap<string, WorkingDirectory>
  readonly signal?: AbortSignal | undefined
}

/** A file whose digest is not known. */
export interface UnhashedFile {
  readonly directory: WorkingDirectory
  readonly index: number
}

export interface ScannedFolder {
  /** By path, each before those in it. */
  readonly directories: Map<string, WorkingDirectory>
  readonly unhashed: UnhashedFile[]
  readonly emptyDirectories: number
  /** Paths of files that a killed checkout left half-written. */
  readonly partials: readonly string[]
  /** Something is not as it was known. */
  readonly changed: boolean
}

/** The calls below are synchronous, three times as fast as waiting for each; between so many others get their turn. */
const callsPerTurn = 4096
const statOptions = { bigint: true, throwIfNoEntry: false } as const

interface Scan extends ScanRequest {
  readonly excluded: PathTest
  readonly found: Map<string, WorkingDirectory>
  readonly unhashed: UnhashedFile[]
  readonly partials: string[]
  empty: number
  changed: boolean
  calls: number
}

/**
 * Looks at every file of a folder, and reads none: a file whose inode, size and times are as they were has the bytes that
 * it had, unless it was changed just before it was looked at.
 */
export async function scanFolder(request: ScanRequest): Promise<ScannedFolder> {
  const scan: Scan = {
    ...request,
    excluded: matchPatterns(request.source.exclude),
    found: new Map(),
    unhashed: [],
    partials: [],
    empty: 0,
    changed: false,
    calls: 0,
  }
  await scanDirectory(scan, '')
  if (scan.found.size !== request.known.size) scan.changed = true
  return {
    directories: scan.found,
    unhashed: scan.unhashed,
    emptyDirectories: scan.empty,
    partials: scan.partials,
    changed: scan.changed,
  }
}

/** Answers whether all that is in it is as it was known. */
async function scanDirectory(scan: Scan, path: string): Promise<boolean> {
  const place = path === '' ? scan.root : `${scan.root}/${path}`
  const now = nowNs()
  const self = lstatSync(place, statOptions)
  if (self === undefined) return false
  const known = scan.known.get(path)
  const listed =
    known !== undefined && known.settled && known.self[0] === self.ino && known.self[1] === self.ctimeNs
  const directory = listed ? known : listDirectory(scan, { path, place, known })
  scan.found.set(path, directory)
  let same = directory === known
  if (!listed) {
    directory.self = [self.ino, self.ctimeNs]
    directory.settled = isSettled(self.ctimeNs, now)
    scan.changed = true
  }
  if (!(await lookAtFiles(scan, directory, place))) same = false
  for (const name of directory.directories) {
    if (!(await scanDirectory(scan, joinPath(path, name)))) same = false
  }
  if (directory.names.length === 0 && directory.directories.length === 0 && path !== '') scan.empty += 1
  if (!same) {
    directory.node = undefined
    scan.changed = true
  }
  return same && directory.node !== undefined
}

async function lookAtFiles(scan: Scan, directory: WorkingDirectory, place: string): Promise<boolean> {
  const { names, flags, stats } = directory
  let same = true
  // A time taken too early only makes more files look too young to be believed.
  let now = nowNs()
  for (let index = 0; index < names.length; index += 1) {
    scan.calls += 1
    if (scan.calls % callsPerTurn === 0) {
      await nextTurn()
      scan.signal?.throwIfAborted()
      now = nowNs()
    }
    const path = `${place}/${names[index] as string}`
    let found = lstatSync(path, statOptions)
    if (found !== undefined && !found.isFile()) found = targetOf(scan, found, path)
    const at = index * statNumbers
    if (
      found !== undefined &&
      ((flags[index] as number) & flag.hashed) !== 0 &&
      stats[at] === found.ino &&
      stats[at + 1] === found.size &&
      stats[at + 2] === found.mtimeNs &&
      stats[at + 3] === found.ctimeNs
    ) {
      continue
    }
    same = false
    if (found === undefined) {
      flags[index] = flag.gone
      directory.settled = false
      continue
    }
    stats[at] = found.ino
    stats[at + 1] = found.size
    stats[at + 2] = found.mtimeNs
    // A time that does not tell is kept as one that no file has, so that the file is read again next time.
    stats[at + 3] = isSettled(found.ctimeNs, now) ? found.ctimeNs : -1n
    flags[index] = (found.mode & 0o100n) === 0n ? 0 : flag.executable
    scan.unhashed.push({ directory, index })
  }
  return same
}

/** The file that something else stands for. @throws invalid_input for what is no file. */
function targetOf(scan: Scan, found: BigIntStats, place: string): BigIntStats {
  const path = place.slice(scan.root.length + 1)
  if (found.isSymbolicLink()) return followLink(scan, place, path)
  const what = found.isDirectory() ? 'a folder now' : 'no regular file but a pipe, a socket or a device'
  return fail('invalid_input', `${path} is ${what}.`, {
    hint: 'Remove it, or leave it out with `exclude`.',
    at: path,
  })
}

function followLink({ root, source }: Scan, place: string, path: string): BigIntStats {
  if (source.links === 'refuse') {
    return fail('invalid_input', `${path} is a symbolic link.`, {
      hint: 'Put the file itself there, set `links: follow` for links that stay inside, or leave it out with `exclude`.',
      at: path,
    })
  }
  let target: string
  try {
    target = realpathSync(place)
  } catch {
    return fail('invalid_input', `${path} is a symbolic link to a file that is not there.`, { at: path })
  }
  if (!target.startsWith(`${root}${sep}`)) {
    return fail('invalid_input', `${path} is a symbolic link that leads out of the folder, to ${target}.`, {
      hint: 'Copy the file into the folder.',
      at: path,
    })
  }
  const found = statSync(target, { bigint: true })
  if (found.isFile()) return found
  return fail('invalid_input', `${path} is a symbolic link to something that is no file.`, { at: path })
}
