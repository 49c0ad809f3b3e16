import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { releaseChunk } from '../chunk.ts'
import type { ByteRange, StoredBlob } from './blob-store.ts'

/** Most blobs are smaller than the first, and a gigabyte in pieces of the second is as fast as in larger ones. */
const firstBufferBytes = 64 * 1024
const bufferBytes = 1024 * 1024

/** So that the sync at the end has little left to do, and dirty pages do not fill the memory. */
const syncEveryBytes = 64 * 1024 * 1024

/**
 * Writes a new read-only file that survives a power cut, and answers the digest of what it holds. The content is copied
 * into two buffers: while one is written, the other is filled and hashed. Nothing is kept of the chunks.
 */
export async function writeSynced(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
): Promise<StoredBlob> {
  const hash = createHash('sha256')
  // Read-only for everybody else: this handle may write all the same.
  const file = await open(path, 'wx', 0o444)
  const spare: Buffer[] = []
  let buffer: Buffer = Buffer.allocUnsafeSlow(firstBufferBytes)
  let filled = 0
  let sizeBytes = 0
  let syncedBytes = 0
  let writing: Promise<void> = Promise.resolve()

  const flush = async (): Promise<void> => {
    const full = buffer
    const bytes = full.subarray(0, filled)
    hash.update(bytes)
    sizeBytes += filled
    await writing
    const sync = sizeBytes - syncedBytes >= syncEveryBytes
    if (sync) syncedBytes = sizeBytes
    writing = writeAll(file, bytes).then(async () => {
      if (full.byteLength === bufferBytes) spare.push(full)
      else releaseChunk(full)
      if (sync) await file.datasync()
    })
    // Whoever awaits it next sees the failure; until then it must not count as one that nobody handles.
    writing.catch(() => undefined)
    buffer = spare.pop() ?? Buffer.allocUnsafeSlow(bufferBytes)
    filled = 0
  }

  const take = async (chunk: Uint8Array): Promise<void> => {
    for (let offset = 0; offset < chunk.byteLength;) {
      const length = Math.min(chunk.byteLength - offset, buffer.byteLength - filled)
      buffer.set(
        offset === 0 && length === chunk.byteLength ? chunk : chunk.subarray(offset, offset + length),
        filled,
      )
      filled += length
      offset += length
      if (filled === buffer.byteLength) await flush()
    }
  }

  try {
    if (content instanceof Uint8Array) await take(content)
    else for await (const chunk of content) await take(chunk)
    if (filled > 0) await flush()
    await writing
    await file.sync()
  } finally {
    await writing.catch(() => undefined)
    for (const one of [buffer, ...spare]) releaseChunk(one)
    await file.close()
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes }
}

/**
 * The bytes of a file, or a range of it, in chunks that belong to whoever takes them: the next is read while one is used.
 */
export async function* fileChunks(path: string, range?: ByteRange): AsyncIterable<Uint8Array> {
  const file = await open(path, 'r')
  let reading: Promise<Uint8Array> | undefined
  try {
    let position = range?.first ?? 0
    const end = range === undefined ? (await file.stat()).size : range.last + 1
    const readNext = (): Promise<Uint8Array> | undefined => {
      if (position >= end) return undefined
      const next = readSome(file, { position, length: Math.min(bufferBytes, end - position) })
      next.catch(() => undefined)
      return next
    }
    reading = readNext()
    while (reading !== undefined) {
      const chunk = await reading
      if (chunk.byteLength === 0) return
      position += chunk.byteLength
      reading = readNext()
      yield chunk
    }
  } finally {
    await reading?.catch(() => undefined)
    await file.close()
  }
}

async function readSome(
  file: FileHandle,
  { position, length }: { position: number; length: number },
): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  return bytesRead === length ? buffer : buffer.subarray(0, bytesRead)
}

/** One call may write less than all. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.byteLength;) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.byteLength - offset)
    offset += bytesWritten
  }
}
