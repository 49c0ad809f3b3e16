import { constants, write } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'

/** A file of the log that is open for appending. */
export interface SegmentFile {
  /** Resolves when the bytes are on disk. After a failure nothing behind the last success can be trusted. */
  append(bytes: Uint8Array): Promise<void>
  cutTo(sizeBytes: number): Promise<void>
  /** Somebody has taken the file away: what was written to it is nowhere. */
  isRemoved(): Promise<boolean>
  close(): Promise<void>
}

/**
 * Linux writes and syncs in one call, which is a third less work than two trips to the thread pool. Elsewhere `O_DSYNC` is
 * missing, or does not reach the disk, as on macOS, where only Node's datasync asks for that.
 */
const syncsWithWrite = process.platform === 'linux'

/** Makes a new segment; fails when the name is taken. */
export async function createSegmentFile(path: string): Promise<SegmentFile> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND
  return segmentFileOn(await open(path, syncsWithWrite ? flags | constants.O_DSYNC : flags, 0o600))
}

export function segmentFileOn(handle: FileHandle): SegmentFile {
  return {
    append: async (bytes) => {
      for (let offset = 0; offset < bytes.length;) offset += await writeOnce(handle, bytes, offset)
      if (!syncsWithWrite) await handle.datasync()
    },
    cutTo: async (sizeBytes) => {
      await handle.truncate(sizeBytes)
      await handle.datasync()
    },
    isRemoved: async () => (await handle.stat()).nlink === 0,
    close: () => handle.close(),
  }
}

/** With a callback: the promise of `FileHandle.write` costs twice as much, and this runs for every commit. */
function writeOnce({ fd }: FileHandle, bytes: Uint8Array, offset: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, offset, bytes.length - offset, null, (error, written) => {
      if (error === null) resolve(written)
      else reject(error)
    })
  })
}
