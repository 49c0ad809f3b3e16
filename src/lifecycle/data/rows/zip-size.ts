import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'
import { fail } from '#contract/errors'
import { formatBytes } from '#contract/units'

const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const localHeaderBytes = 30
const stored = 0
const deflated = 8

/**
 * Unpacks a zip archive into nothing and counts: what its directory says of sizes may be a lie, and a few kilobytes can
 * unpack to many gigabytes.
 * @throws unreadable_data for what is no whole archive, or unpacks to more than the limit.
 */
export async function requireSmallArchive(
  archive: Buffer,
  { name, maximumSizeBytes }: { name: string; maximumSizeBytes: number },
): Promise<void> {
  let unpackedBytes = 0
  const count = (chunk: Buffer): void => {
    unpackedBytes += chunk.length
    if (unpackedBytes <= maximumSizeBytes) return
    fail('unreadable_data', `${name} unpacks to more than ${formatBytes(maximumSizeBytes)}.`, {
      hint: 'Save the sheet as CSV, which is read without holding it in memory.',
      at: name,
    })
  }
  try {
    for (const { method, content } of entriesOf(archive)) {
      if (method === stored) count(content)
      else if (method === deflated) {
        const sink = new Writable({
          write(chunk: Buffer, _encoding, done) {
            try {
              count(chunk)
              done()
            } catch (error) {
              done(error as Error)
            }
          },
        })
        await pipeline(Readable.from([content]), createInflateRaw({ chunkSize: 1 << 20 }), sink)
      } else throw new Error(`compression method ${method}`)
    }
  } catch (error) {
    if (error instanceof Error && error.name === 'DevmlopsError') throw error
    fail('unreadable_data', `${name} is no whole .xlsx file.`, {
      hint: 'The file is damaged, only half written, or an .xls that was renamed. Save it as .xlsx again.',
      at: name,
      cause: error,
    })
  }
}

/** APPNOTE.TXT of PKWARE, sections 4.3.12 and 4.3.16. */
function* entriesOf(archive: Buffer): Iterable<{ method: number; content: Buffer }> {
  // The end record is followed by a comment of at most 64 KiB.
  let end = archive.length - 22
  while (end >= 0 && archive.readUInt32LE(end) !== endSignature) end--
  if (end < 0) throw new Error('no end record')
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== entrySignature) throw new Error('no directory entry')
    const local = archive.readUInt32LE(at + 42)
    const start =
      local + localHeaderBytes + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28)
    const packedBytes = archive.readUInt32LE(at + 20)
    if (start + packedBytes > archive.length) throw new Error('an entry goes beyond the end')
    yield { method: archive.readUInt16LE(at + 10), content: archive.subarray(start, start + packedBytes) }
    at += 46 + archive.readUInt16LE(at + 28) + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
}
