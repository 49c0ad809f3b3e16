import { readdirSync, type Dirent } from 'node:fs'
import { fail } from '#contract/errors'
import { isPartialName } from '#platform/files/index'
import { requireStorableName } from './file-names.ts'
import type { PathTest } from './name-patterns.ts'
import { joinPath } from './tree-path.ts'
import { digestBytes, statNumbers, type WorkingDirectory } from './working-directory.ts'

/** What decides on each name, and hears of what is left out. */
interface Listed {
  readonly excluded: PathTest
  /** Absolute paths that are nobody's data. */
  readonly hidden: readonly string[]
  /** Gets the paths of files that a killed checkout left half-written. */
  readonly partials: string[]
}

interface Listing {
  readonly path: string
  readonly place: string
  readonly known: WorkingDirectory | undefined
}

/** The directory as it is listed now, with what was known of those of its files that are still there. */
export function listDirectory(scan: Listed, { path, place, known }: Listing): WorkingDirectory {
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

function isHidden({ hidden }: Listed, place: string, name: string): boolean {
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
