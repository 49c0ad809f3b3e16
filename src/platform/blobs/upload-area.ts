import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { fail } from '#contract/errors'
import { releaseChunk } from '../chunk.ts'
import { explainSystemError } from '../system-error.ts'
import { fileChunks } from './blob-file.ts'
import type { BlobUploads, StoredBlob, UploadedPart } from './blob-store.ts'

const abandonedMs = 24 * 3_600_000
const sweepEveryMs = 3_600_000
const mostUploads = 1000

/**
 * Uploads in parts, in a folder each: the parts are files until all are there, then they become one blob. A part is named
 * by its number, checksum and size, so that a part that was sent again, or half, is never taken for another.
 *
 * Parts are not synced: when power fails, the checksum finds those that were lost, and the client sends them again.
 */
export function createUploadArea(
  directory: string,
  put: (content: AsyncIterable<Uint8Array>) => Promise<StoredBlob>,
): BlobUploads {
  let sweptAt = 0

  const folderOf = (id: string): string => {
    if (!/^[0-9a-f]{32}$/.test(id)) noUpload(id)
    return join(directory, id)
  }

  const sweep = async (): Promise<void> => {
    if (Date.now() - sweptAt < sweepEveryMs) return
    sweptAt = Date.now()
    for (const name of await readdir(directory)) {
      const path = join(directory, name)
      const found = await stat(path).catch(() => undefined)
      if (found !== undefined && Date.now() - found.mtimeMs > abandonedMs) {
        await rm(path, { recursive: true, force: true })
      }
    }
  }

  const checkLabel = async (id: string, label: string): Promise<string> => {
    const folder = folderOf(id)
    const kept = await readFile(join(folder, 'label'), 'utf8').catch(() => undefined)
    return kept === label ? folder : noUpload(id)
  }

  return {
    begin: async (label) => {
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        await sweep()
        if ((await readdir(directory)).length >= mostUploads) {
          fail('rate_limited', `${mostUploads} uploads in parts are under way.`, { hint: 'Try again later.' })
        }
        const id = randomBytes(16).toString('hex')
        await mkdir(join(directory, id), { mode: 0o700 })
        await writeFile(join(directory, id, 'label'), label)
        return id
      } catch (error) {
        throw explainSystemError(error)
      }
    },

    putPart: async (id, number, content) => {
      const folder = folderOf(id)
      if ((await stat(folder).catch(() => undefined)) === undefined) noUpload(id)
      const temporary = join(folder, `${randomBytes(8).toString('hex')}.new`)
      try {
        const etag = await writePart(temporary, content)
        await rename(temporary, join(folder, partName({ number, etag })))
        return etag
      } catch (error) {
        await rm(temporary, { force: true })
        throw explainSystemError(error)
      }
    },

    complete: async ({ id, label }, parts) => {
      const folder = await checkLabel(id, label)
      const done = join(folder, 'done')
      const before = await readFile(done, 'utf8').catch(() => undefined)
      // A client whose connection broke asks again.
      if (before !== undefined) return JSON.parse(before) as StoredBlob
      const ordered = parts.toSorted((left, right) => left.number - right.number)
      for (const part of ordered) {
        const found = await stat(join(folder, partName(part))).catch(() => undefined)
        if (found === undefined) wrongPart(part, 'was not uploaded')
      }
      const blob = await put(concatenated(folder, ordered))
      await writeFile(done, JSON.stringify(blob))
      for (const name of await readdir(folder)) {
        if (name !== 'label' && name !== 'done') await rm(join(folder, name), { force: true })
      }
      return blob
    },

    abort: async ({ id, label }) => {
      await rm(await checkLabel(id, label), { recursive: true, force: true })
    },
  }
}

async function writePart(path: string, content: AsyncIterable<Uint8Array>): Promise<string> {
  const file = await open(path, 'wx', 0o600)
  let [checksum, sizeBytes] = [0, 0]
  try {
    for await (const chunk of content) {
      checksum = crc32(chunk, checksum)
      sizeBytes += chunk.byteLength
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
  }
  return etagOf(checksum, sizeBytes)
}

async function* concatenated(folder: string, parts: readonly UploadedPart[]): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    let [checksum, sizeBytes] = [0, 0]
    for await (const chunk of fileChunks(join(folder, partName(part)))) {
      checksum = crc32(chunk, checksum)
      sizeBytes += chunk.byteLength
      yield chunk
      releaseChunk(chunk)
    }
    if (etagOf(checksum, sizeBytes) !== part.etag) wrongPart(part, 'is damaged')
  }
}

function etagOf(checksum: number, sizeBytes: number): string {
  return `${checksum.toString(16).padStart(8, '0')}-${sizeBytes}`
}

function partName({ number, etag }: UploadedPart): string {
  if (!/^[0-9a-f]{8}-\d{1,15}$/.test(etag)) wrongPart({ number, etag }, 'was not uploaded')
  return `part-${number}-${etag}`
}

function wrongPart({ number, etag }: UploadedPart, what: string): never {
  return fail('invalid_input', `Part ${number} with the ETag "${etag.slice(0, 60)}" ${what}.`, {
    at: 'parts',
    hint: 'Upload it again.',
  })
}

function noUpload(id: string): never {
  return fail('not_found', `There is no upload "${id.slice(0, 60)}".`, {
    hint: 'It ended, or nothing came for a day.',
    at: 'upload_id',
  })
}
