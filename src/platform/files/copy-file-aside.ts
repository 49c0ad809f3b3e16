import { createHash } from 'node:crypto'
import { constants, copyFileSync, rmSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { setImmediate as takeTurns } from 'node:timers/promises'
import { CopyProgress, copyStepBytes } from './copy-progress.ts'
import { changedWhileRead } from './file-problems.ts'
import type { FileToStore } from './file-store.ts'
import type { TaskChannel } from './file-task.ts'
import { openSource, type SourceFile } from './source-file.ts'
import type { LargeFileDigest } from './store-large-file.ts'

/** So that the sync at the end has little left to do, and dirty pages do not fill the memory. */
const syncEverySteps = 16

/**
 * Copies a file to where nobody changes it, and digests the copy: by a link that copies on write where the file system can,
 * else by reading and writing. The progress lets another thread cut the copy meanwhile. The copy is synced.
 */
export async function copyFileAside(
  {
    file,
    to,
    sizeBytes,
    progress,
  }: {
    readonly file: FileToStore
    readonly to: string
    /** What the other thread expects. */
    readonly sizeBytes: number
    readonly progress: SharedArrayBuffer
  },
  { signal }: TaskChannel,
): Promise<LargeFileDigest> {
  const shared = new CopyProgress(progress)
  const source = openSource(file)
  try {
    if (source.sizeBytes !== sizeBytes) changedWhileRead(file.name)
    const cloned = isCloned(file.path, to)
    const copy = await open(to, cloned ? 'r+' : 'wx+', 0o600)
    try {
      const sha256 = await copyAndDigest(source, { copy, cloned, shared, signal })
      source.requireUnchanged()
      if (cloned && (await copy.stat()).size !== sizeBytes) changedWhileRead(file.name)
      await copy.sync()
      return { sha256, sizeBytes }
    } finally {
      await copy.close()
    }
  } catch (error) {
    shared.fail()
    rmSync(to, { force: true })
    throw error
  } finally {
    source.close()
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

async function copyAndDigest(
  source: SourceFile,
  {
    copy,
    cloned,
    shared,
    signal,
  }: {
    readonly copy: FileHandle
    readonly cloned: boolean
    readonly shared: CopyProgress
    readonly signal: AbortSignal
  },
): Promise<string> {
  const whole = createHash('sha256')
  const { sizeBytes } = source
  const buffers = [Buffer.allocUnsafeSlow(copyStepBytes), Buffer.allocUnsafeSlow(copyStepBytes)]
  let writing: Promise<unknown> = Promise.resolve()
  if (cloned) shared.reach(Math.ceil(sizeBytes / copyStepBytes))
  let step = 0
  try {
    for (let position = 0; position < sizeBytes; position += copyStepBytes) {
      signal.throwIfAborted()
      const bytes = (buffers[step % 2] as Buffer).subarray(0, Math.min(copyStepBytes, sizeBytes - position))
      step += 1
      if (cloned) await copy.read(bytes, 0, bytes.length, position)
      else source.read(bytes, position)
      // One step is written while the next is read; each was hashed from the memory that is written.
      await writing
      const done = step
      if (!cloned) {
        writing = writeWhole(copy, bytes, position).then(async () => {
          shared.reach(done)
          if (done % syncEverySteps === 0) await copy.datasync()
        })
        writing.catch(() => undefined)
      }
      whole.update(bytes)
      await takeTurns()
    }
    await writing
    return whole.digest('hex')
  } finally {
    await writing.catch(() => undefined)
  }
}

async function writeWhole(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset, position + offset)
    offset += bytesWritten
  }
}
