import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { fail, messageOf } from '#contract/errors'
import { formatBytes } from '#contract/units'
import type { Digest } from '#platform/blobs/index'
import { changedWhileRead, unreadableFile } from '#platform/files/index'
import { createTextScan, type TextFacts, type TextScan } from './text-scan.ts'

/** What one pass over the bytes of a file tells. */
export interface FileFacts {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Undefined where the bytes are not meant as text. */
  readonly text: TextFacts | undefined
}

/**
 * Digests a file and, for text, looks for what a CSV reader would pass over in silence.
 * @throws unreadable_data when the file cannot be opened, or changes meanwhile.
 */
export async function inspectFile(
  path: string,
  name: string,
  {
    isText,
    compressed,
    longestLineBytes,
  }: { isText: boolean; compressed: boolean; longestLineBytes?: number | undefined },
): Promise<FileFacts> {
  const before = await stat(path, { bigint: true }).catch((error: unknown) => unreadableFile(name, error))
  const hash = createHash('sha256')
  const text = isText ? createTextScan(longestLineBytes) : undefined
  let sizeBytes = 0
  let damage: string | undefined
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer
      hash.update(bytes)
      if (!compressed) text?.scan(bytes)
      sizeBytes += bytes.length
    }
    if (compressed && text !== undefined) damage = await scanCompressed(path, sizeBytes, text)
  } catch (error) {
    unreadableFile(name, error)
  }
  const after = await stat(path, { bigint: true }).catch((error: unknown) => unreadableFile(name, error))
  if (before.mtimeNs !== after.mtimeNs || before.size !== after.size || Number(after.size) !== sizeBytes) {
    changedWhileRead(name)
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, text: text && { ...text.facts(), damage } }
}

/** Of a compressed text, the part that unpacks to more than this many times its size is no data but a bomb. */
const mostUnpacked = { times: 200, bytes: 500_000_000 } as const

/** DuckDB reads the beginning of a compressed file that was cut off and says nothing; this answers why it is broken. */
async function scanCompressed(path: string, sizeBytes: number, text: TextScan): Promise<string | undefined> {
  const limit = Math.max(mostUnpacked.bytes, sizeBytes * mostUnpacked.times)
  let unpackedBytes = 0
  try {
    await pipeline(
      createReadStream(path),
      createGunzip({ chunkSize: 1 << 20 }),
      async (chunks: AsyncIterable<Buffer>) => {
        for await (const chunk of chunks) {
          unpackedBytes += chunk.length
          if (unpackedBytes > limit) throw new TooMuch()
          text.scan(chunk)
        }
      },
    )
    return undefined
  } catch (error) {
    if (error instanceof TooMuch) {
      return `its ${formatBytes(sizeBytes)} unpack to more than ${formatBytes(limit)}, as only a bomb does`
    }
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_') === true) return messageOf(error)
    throw error
  }
}

class TooMuch extends Error {}

/** @throws unreadable_data for text that no reader here reads rightly. */
export function requireReadableText({ text }: FileFacts, name: string): void {
  if (text?.damage !== undefined) {
    fail('unreadable_data', `${name} cannot be unpacked: ${text.damage}.`, {
      hint: 'The file is damaged or only half written. Ask its source for it again.',
      at: name,
    })
  }
  if (text?.utf16 === true) {
    fail('unreadable_data', `${name} is UTF-16; UTF-8 is expected.`, {
      hint: 'Set `encoding: utf-16` of the dataset.',
      at: name,
    })
  }
  if (text?.longLine !== undefined) {
    const { line, limitBytes } = text.longLine
    fail('unreadable_data', `${name}, line ${line} is longer than ${formatBytes(limitBytes)}.`, {
      hint: 'Its line ends were lost, or it is no CSV. Ask its source for it again.',
      at: `${name}:${line}`,
    })
  }
  if (text?.nulLine !== undefined) {
    fail('unreadable_data', `${name} has a NUL byte in line ${text.nulLine}; text is expected.`, {
      hint: 'The file is damaged or not text. Ask its source for it again.',
      at: `${name}:${text.nulLine}`,
    })
  }
  if (text?.invalid !== undefined) {
    const { line, offset, byte } = text.invalid
    const shown = `0x${byte.toString(16).toUpperCase().padStart(2, '0')}`
    fail('unreadable_data', `${name}, line ${line}: the byte ${shown} at offset ${offset} is not UTF-8.`, {
      hint: 'Set `encoding: latin-1` of the dataset if it comes from an older Windows program.',
      at: `${name}:${line}`,
    })
  }
}

export function hasMixedLineEnds({ text }: FileFacts): boolean {
  return text !== undefined && text.lineFeeds > 0 && text.carriageReturnLineFeeds > 0
}
