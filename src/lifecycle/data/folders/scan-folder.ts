import { lstatSync, readdirSync, realpathSync, statSync, type BigIntStats, type Dirent } from 'node:fs'
import { sep } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fail } from '#contract/errors'
import { isPartialName } from '#platform/files/index'
import { requireStorableName } from './file-names.ts'
import type { FolderSource } from './folder-source.ts'
import { matchPatterns, type PathTest } from './name-patterns.ts'
import { isSettled, nowNs } from './settled-time.ts'
import { joinPath } from './tree-path.ts'
import { digestBytes, flag, statNumbers, type WorkingDirectory } from './working-directory.ts'

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

interface Listing {
  readonly path: string
  readonly place: string
  readonly known: WorkingDirectory | undefined
}

/** The directory as it is listed now, with what was known of those of its files that are still there. */
function listDirectory(scan: Scan, { path, place, known }: Listing): WorkingDirectory {
  const names: string[] = []
  const directories: string[] = []
  for (const entry of readEntries(place, path)) {
    const { name } = entry
    const whole = joinPath(path, name)
    if (isPartialName(name)) {
      scan.partials.push(whole)
      continue
    }
    if (scan.excluded(whole) || isHidden(scan, `${place}/${name}`, name)) continue
    requireStorableName(name, whole)
    if (entry.isDirectory()) directories.push(name)
    else names.push(name)
  }
  const sameNames =
    known !== undefined && sameList(known.names, names) && sameList(known.directories, directories)
  if (sameNames) return known
  const count = names.length
  const directory: WorkingDirectory = {
    path,
    self: [0n, 0n],
    settled: false,
    directories,
    names,
    flags: new Uint8Array(count),
    stats: new BigInt64Array(count * statNumbers),
    digests: new Uint8Array(count * digestBytes),
    node: undefined,
  }
  if (known !== undefined) takeOver(known, directory)
  return directory
}

function isHidden({ hidden }: Scan, place: string, name: string): boolean {
  return name === '.git' || hidden.includes(place)
}

/** @throws invalid_input for a name that is no UTF-8. */
function readEntries(place: string, path: string): Dirent[] {
  const entries = readdirSync(place, { withFileTypes: true })
  if (!entries.some(({ name }) => name.includes('\uFFFD'))) return entries
  // The character that stands for unreadable bytes may be in the name itself, so the bytes decide.
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for (const bytes of readdirSync(place, { encoding: 'buffer' })) {
    try {
      decoder.decode(bytes)
    } catch {
      const shown = joinPath(path, bytes.toString('utf8'))
      fail(
        'invalid_input',
        `The name ${JSON.stringify(shown)} is no UTF-8 (bytes ${bytes.toString('hex')}).`,
        {
          hint: 'Rename the file, or leave it out with `exclude`.',
          at: shown,
        },
      )
    }
  }
  return entries
}

function sameList(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((name, index) => name === right[index])
}

function takeOver(known: WorkingDirectory, directory: WorkingDirectory): void {
  const places = new Map(known.names.map((name, index) => [name, index]))
  for (const [index, name] of directory.names.entries()) {
    const from = places.get(name)
    if (from === undefined) continue
    directory.flags[index] = known.flags[from] as number
    directory.stats.set(
      known.stats.subarray(from * statNumbers, (from + 1) * statNumbers),
      index * statNumbers,
    )
    directory.digests.set(
      known.digests.subarray(from * digestBytes, (from + 1) * digestBytes),
      index * digestBytes,
    )
  }
}
