import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { fail, messageOf } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'

/** What one pass over the bytes of a file tells. */
export interface FileFacts {
  readonly digest: Digest
  readonly sizeBytes: number
  /** Undefined where the bytes are not meant as text. */
  readonly text: TextFacts | undefined
}

interface TextFacts {
  readonly lineFeeds: number
  readonly carriageReturnLineFeeds: number
  /** Line of the first NUL byte, counted from 1. */
  readonly nulLine: number | undefined
  readonly utf16: boolean
  /** The last byte that is no white space. */
  readonly lastByte: number | undefined
  /** What keeps a compressed file from being unpacked. */
  readonly damage?: string | undefined
}

const lineFeed = 10
const carriageReturn = 13
const whiteSpace = new Set([9, lineFeed, carriageReturn, 32])
const changedHint =
  'Wait until it is written completely, or write it under another name and rename it at the end.'

/**
 * Digests a file and, for text, looks for what a CSV reader would pass over in silence.
 * @throws unreadable_data when the file cannot be opened, or changes meanwhile.
 */
export async function inspectFile(
  path: string,
  name: string,
  { isText, compressed }: { isText: boolean; compressed: boolean },
): Promise<FileFacts> {
  const before = await stat(path, { bigint: true }).catch((error: unknown) => unreadable(name, error))
  const hash = createHash('sha256')
  const text = isText ? createTextScan() : undefined
  let sizeBytes = 0
  let damage: string | undefined
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer
      hash.update(bytes)
      if (!compressed) text?.scan(bytes)
      sizeBytes += bytes.length
    }
    if (compressed && text !== undefined) damage = await scanCompressed(path, text)
  } catch (error) {
    unreadable(name, error)
  }
  const after = await stat(path, { bigint: true }).catch((error: unknown) => unreadable(name, error))
  if (before.mtimeNs !== after.mtimeNs || before.size !== after.size || Number(after.size) !== sizeBytes) {
    changedWhileRead(name)
  }
  return { digest: `sha256:${hash.digest('hex')}`, sizeBytes, text: text && { ...text.facts(), damage } }
}

export function changedWhileRead(name: string): never {
  return fail('unreadable_data', `${name} changed while it was read.`, { hint: changedHint, at: name })
}

function unreadable(name: string, error: unknown): never {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') {
    return fail('not_found', `There is no file ${name}.`, { hint: 'Check the path.', at: name })
  }
  const reason = code === 'EACCES' || code === 'EPERM' ? 'permission denied' : messageOf(error)
  return fail('unreadable_data', `${name} cannot be read: ${reason}.`, {
    hint: 'Check the permissions of the file and the disk.',
    at: name,
    cause: error,
  })
}

/** DuckDB reads the beginning of a compressed file that was cut off and says nothing; this answers why it is broken. */
async function scanCompressed(path: string, text: TextScan): Promise<string | undefined> {
  try {
    await pipeline(createReadStream(path), createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) text.scan(chunk)
    })
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code?.startsWith('Z_') === true) return messageOf(error)
    throw error
  }
}

interface TextScan {
  scan(bytes: Buffer): void
  facts(): TextFacts
}

function createTextScan(): TextScan {
  let lineFeeds = 0
  let carriageReturnLineFeeds = 0
  let nulLine: number | undefined
  let lastByte = 0
  let lastVisible: number | undefined
  let utf16: boolean | undefined
  return {
    scan: (bytes) => {
      utf16 ??= (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)
      const nul = nulLine === undefined ? bytes.indexOf(0) : -1
      for (let at = bytes.indexOf(lineFeed); at !== -1; at = bytes.indexOf(lineFeed, at + 1)) {
        if (nul !== -1 && nulLine === undefined && nul < at) nulLine = lineFeeds + carriageReturnLineFeeds + 1
        const previous = at === 0 ? lastByte : bytes[at - 1]
        if (previous === carriageReturn) carriageReturnLineFeeds += 1
        else lineFeeds += 1
      }
      if (nul !== -1) nulLine ??= lineFeeds + carriageReturnLineFeeds + 1
      lastByte = bytes.at(-1) ?? lastByte
      let at = bytes.length - 1
      while (at >= 0 && whiteSpace.has(bytes[at] as number)) at -= 1
      lastVisible = bytes[at] ?? lastVisible
    },
    facts: () => ({
      lineFeeds,
      carriageReturnLineFeeds,
      nulLine,
      utf16: utf16 ?? false,
      lastByte: lastVisible,
    }),
  }
}

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
      hint: `Convert it, for example: iconv -f UTF-16 -t UTF-8 ${name}`,
      at: name,
    })
  }
  if (text?.nulLine !== undefined) {
    fail('unreadable_data', `${name} has a NUL byte in line ${text.nulLine}; text is expected.`, {
      hint: 'The file is damaged or not text. Ask its source for it again.',
      at: `${name}:${text.nulLine}`,
    })
  }
}

export function hasMixedLineEnds({ text }: FileFacts): boolean {
  return text !== undefined && text.lineFeeds > 0 && text.carriageReturnLineFeeds > 0
}
