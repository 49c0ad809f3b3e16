import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  copyFileSync,
  chmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as takeTurns } from 'node:timers/promises'
import type { Digest } from '../blobs/index.ts'
import { damagedFile } from './file-problems.ts'
import type { Segment } from './file-store.ts'
import type { TaskChannel } from './file-task.ts'
import { readLayout } from './layout-text.ts'
import { partialName } from './partial-name.ts'
import { BlockReaders, readAheadEnds } from './read-block.ts'

export interface FileToWrite {
  readonly digest: Digest
  readonly sizeBytes: number
  /** As it is kept. */
  readonly layout: string
  readonly path: string
  readonly executable: boolean
}

export interface FilesToWrite {
  readonly files: readonly FileToWrite[]
  /** The local file of each block. */
  readonly blocks: ReadonlyMap<Digest, string>
  /** Whether what is written survives a power cut, and is read-only: for a cache, not for a working copy. */
  readonly keep: boolean
}

/** Writes files aside and renames each when its bytes are those of its digest. */
export async function writeFiles(
  { files, blocks, keep }: FilesToWrite,
  { signal }: TaskChannel,
): Promise<void> {
  const readers = new BlockReaders(blocks)
  const folders = new Set<string>()
  const writing: Writing = { readers, run: randomUUID().slice(0, 8), count: 0, canClone: !keep, keep }
  const layouts = files.map((file) => readLayout(file, file.layout).segments)
  const ends = readAheadEnds(layouts.flat())
  let at = 0
  try {
    for (const [index, file] of files.entries()) {
      signal.throwIfAborted()
      const folder = dirname(file.path)
      if (!folders.has(folder)) mkdirSync(folder, { recursive: true })
      folders.add(folder)
      const segments = layouts[index] as readonly Segment[]
      const aside = join(folder, partialName(`${writing.run}-${writing.count++}`))
      try {
        const block = wholeBlock(file, segments)
        const cloned =
          block !== undefined && writing.canClone && clone(blocks.get(block) ?? '', { aside, file })
        if (!cloned) {
          if (block !== undefined) writing.canClone = false
          await write(file, { aside, segments, ends: ends.slice(at, at + segments.length), writing })
        }
        renameSync(aside, file.path)
      } catch (error) {
        rmSync(aside, { force: true })
        throw error
      }
      at += segments.length
      if (file.sizeBytes > 1_000_000) await takeTurns()
    }
  } finally {
    readers.close()
  }
}

interface Writing {
  readonly readers: BlockReaders
  readonly run: string
  readonly keep: boolean
  count: number
  /** Until the file system says no. */
  canClone: boolean
}

/** The block that is the file, if there is one. */
export function wholeBlock(
  { digest }: { readonly digest: Digest },
  segments: readonly Segment[],
): Digest | undefined {
  return segments.length > 0 && segments.every(({ block }) => block === digest) ? digest : undefined
}

/** By a link that copies on write; what it shows is read once, since a damaged block would give a damaged file. */
function clone(block: string, { aside, file }: { aside: string; file: FileToWrite }): boolean {
  try {
    copyFileSync(block, aside, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
  } catch {
    rmSync(aside, { force: true })
    return false
  }
  chmodSync(aside, file.executable ? 0o755 : 0o644)
  if (digestOfFile(aside) !== file.digest) damagedFile(file, file.digest)
  return true
}

async function write(
  file: FileToWrite,
  {
    aside,
    segments,
    ends,
    writing,
  }: { aside: string; segments: readonly Segment[]; ends: readonly number[]; writing: Writing },
): Promise<void> {
  const { keep, readers } = writing
  const descriptor = openSync(aside, 'wx', keep ? 0o444 : file.executable ? 0o777 : 0o666)
  try {
    const whole = createHash('sha256')
    for (const [index, segment] of segments.entries()) {
      try {
        for (const bytes of readers.of(segment.block).bytesOf(segment, ends[index])) {
          whole.update(bytes)
          for (let done = 0; done < bytes.byteLength;) done += writeSync(descriptor, bytes, done)
        }
      } catch (error) {
        if (isUnpackError(error)) damagedFile(file, segment.block)
        throw error
      }
      if (index % 64 === 63) await takeTurns()
    }
    if (`sha256:${whole.digest('hex')}` !== file.digest) damagedFile(file, faultyBlock(segments, writing))
    if (keep) fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The block of the first chunk that is not what it should be; when all are, the layout itself is wrong. */
function faultyBlock(segments: readonly Segment[], { readers }: Writing): Digest | undefined {
  return segments.find((segment) => !isWhole(segment, readers))?.block
}

export function isWhole(segment: Segment, readers: BlockReaders, end?: number): boolean {
  const chunk = createHash('sha256')
  let sizeBytes = 0
  try {
    for (const bytes of readers.of(segment.block).bytesOf(segment, end)) {
      chunk.update(bytes)
      sizeBytes += bytes.byteLength
    }
  } catch (error) {
    if (isUnpackError(error)) return false
    throw error
  }
  return sizeBytes === segment.sizeBytes && `sha256:${chunk.digest('hex')}` === segment.chunk
}

/** What node:zlib throws for bytes that are no frame, or one of another length. */
export function isUnpackError(error: unknown): boolean {
  const { code = '' } = error as NodeJS.ErrnoException
  return code.startsWith('ZSTD_') || code === 'ERR_BUFFER_TOO_LARGE'
}

function digestOfFile(path: string): Digest {
  const descriptor = openSync(path, 'r')
  try {
    const whole = createHash('sha256')
    const buffer = Buffer.allocUnsafe(1024 * 1024)
    for (;;) {
      const count = readSync(descriptor, buffer)
      if (count === 0) return `sha256:${whole.digest('hex')}`
      whole.update(buffer.subarray(0, count))
    }
  } finally {
    closeSync(descriptor)
  }
}
