import { constants, copyFileSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { SourceFile } from './source-file.ts'

/** A copy of a file that nobody else can change, which grows while it is read. */
export interface AsideCopy {
  /** Reads the next bytes of the file, which are those of the copy. */
  read(target: Uint8Array, position: number): Promise<void>
  /** Writes what was read. The memory must stay as it is until the next read or the end. */
  write(bytes: Uint8Array, position: number): void
  /** The copy is synced. */
  finish(): Promise<void>
  close(): Promise<void>
}

/** Blocks of disks are no longer than this. */
const alignment = 4096
/** What is read soon should stay in memory; so much would drive out the rest. */
const leastDirectBytes = 64 * 1024 * 1024
const syncEveryBytes = 64 * 1024 * 1024

/**
 * By a link that copies on write, where the file system can; else by writing past the page cache, where the system can.
 *
 * Measured on two busy cores, ext4: a gigabyte through the page cache takes 2.0 s of the kernel and 4.5 s, past it 0.2 s and
 * 0.9 s. The memory that is written has to begin at a page, as that of a WebAssembly kernel does.
 */
export async function openAsideCopy(
  source: SourceFile,
  { from, to }: { from: string; to: string },
): Promise<AsideCopy> {
  if (isCloned(from, to)) return clonedCopy(await open(to, 'r+'))
  const { sizeBytes } = source
  const direct = sizeBytes >= leastDirectBytes ? await openDirect(to) : undefined
  const file = direct ?? (await open(to, 'wx', 0o600))
  let writing: Promise<unknown> = Promise.resolve()
  let syncedBytes = 0
  const put = async (bytes: Uint8Array, position: number): Promise<void> => {
    await writeWhole(file, bytes, position)
    if (direct !== undefined || position + bytes.byteLength - syncedBytes < syncEveryBytes) return
    // So that the sync at the end has little left to do.
    syncedBytes = position
    await file.datasync()
  }
  return {
    read: async (target, position) => {
      await writing
      source.read(target, position)
    },
    write: (bytes, position) => {
      // Past the page cache only whole blocks are written; what is too much is cut off at the end.
      const length =
        direct === undefined ? bytes.byteLength : Math.ceil(bytes.byteLength / alignment) * alignment
      writing = put(new Uint8Array(bytes.buffer, bytes.byteOffset, length), position)
      // Whoever awaits it next sees the failure; until then it must not count as one that nobody handles.
      writing.catch(() => undefined)
    },
    finish: async () => {
      await writing
      if (direct !== undefined) await file.truncate(sizeBytes)
      await file.sync()
    },
    close: async () => {
      await writing.catch(() => undefined)
      await file.close()
    },
  }
}

function clonedCopy(file: FileHandle): AsideCopy {
  return {
    read: async (target, position) => {
      const { bytesRead } = await file.read(target, 0, target.byteLength, position)
      // The file was cut short before it was cloned: its size is compared at the end.
      target.fill(0, bytesRead)
    },
    write: () => undefined,
    finish: () => file.sync(),
    close: () => file.close(),
  }
}

function isCloned(from: string, to: string): boolean {
  try {
    copyFileSync(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
    return true
  } catch {
    rmSync(to, { force: true })
    return false
  }
}

/** Undefined where the system or the file system cannot. */
async function openDirect(path: string): Promise<FileHandle | undefined> {
  const { O_DIRECT, O_CREAT, O_EXCL, O_WRONLY } = constants
  if (O_DIRECT === undefined) return undefined
  try {
    return await open(path, O_DIRECT | O_CREAT | O_EXCL | O_WRONLY, 0o600)
  } catch {
    rmSync(path, { force: true })
    return undefined
  }
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset, position + offset)
    offset += bytesWritten
  }
}
