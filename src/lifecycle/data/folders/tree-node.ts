import { digestOf, type Digest } from '#platform/blobs/index'
import { fail } from '#contract/errors'

/** A file in a directory of a version. */
export interface FileEntry {
  readonly kind: 'file'
  readonly name: string
  readonly digest: Digest
  readonly sizeBytes: number
  readonly executable: boolean
}

/** A directory in a directory: the digest of its own node, and what all of it holds. */
export interface DirectoryEntry {
  readonly kind: 'directory'
  readonly name: string
  readonly digest: Digest
  readonly sizeBytes: number
  readonly files: number
}

export type TreeEntry = FileEntry | DirectoryEntry

/** The digest of a directory's node and what is below it. */
export interface NodeSummary {
  readonly digest: Digest
  readonly files: number
  readonly sizeBytes: number
}

const digestStart = 'sha256:'.length

/**
 * A directory as text, one line an entry in the order of the names: `f` a file, `x` one that may be executed, `d` a
 * directory by the digest of its own text. Only what a person calls content is in it, so the same files have the same
 * digest wherever and whenever they lie; an unchanged directory has an unchanged digest, and is neither written nor
 * compared again.
 */
export function nodeText(entries: readonly TreeEntry[]): string {
  let text = ''
  for (const entry of entries) {
    const digest = entry.digest.slice(digestStart)
    text +=
      entry.kind === 'file'
        ? `${entry.executable ? 'x' : 'f'} ${digest} ${entry.sizeBytes} ${entry.name}\n`
        : `d ${digest} ${entry.files} ${entry.sizeBytes} ${entry.name}\n`
  }
  return text
}

/** By UTF-16 code units, the order of JavaScript's `<`. */
export function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : left.name > right.name ? 1 : 0
}

export function summaryOf(entries: readonly TreeEntry[], text: string): NodeSummary {
  let files = 0
  let sizeBytes = 0
  for (const entry of entries) {
    files += entry.kind === 'file' ? 1 : entry.files
    sizeBytes += entry.sizeBytes
  }
  return { digest: digestOf(new TextEncoder().encode(text)), files, sizeBytes }
}

const linePattern = /^(?:([fx]) ([0-9a-f]{64}) (\d+) |d ([0-9a-f]{64}) (\d+) (\d+) )(.+)$/s

/** @throws storage_corrupt for text that no node has; a name that could lead elsewhere is one. */
export function parseNode(text: string): TreeEntry[] {
  const lines = text.split('\n')
  lines.pop()
  return lines.map((line): TreeEntry => {
    const match = linePattern.exec(line)
    if (match === null) return corrupt(line)
    const [, mark, digest, size, directory, files, below, name = ''] = match
    if (!isPlainName(name)) return corrupt(line)
    return mark === undefined
      ? {
          kind: 'directory',
          name,
          digest: `sha256:${directory}`,
          files: Number(files),
          sizeBytes: Number(below),
        }
      : { kind: 'file', name, digest: `sha256:${digest}`, sizeBytes: Number(size), executable: mark === 'x' }
  })
}

/** A version may come from elsewhere: what it calls its files must never lead out of the folder that they are put in. */
function isPlainName(name: string): boolean {
  return name !== '.' && name !== '..' && !/[/\\\0]/.test(name)
}

function corrupt(line: string): never {
  return fail(
    'storage_corrupt',
    `A stored list of files has a line that none has: ${JSON.stringify(line.slice(0, 120))}.`,
    {
      hint: 'devmlops data verify tells what else is damaged.',
    },
  )
}
