import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { FileLayout, Segment } from '#platform/files/file-store'

/** `[block, offset, stored bytes, 1 when packed, bytes, chunk]`; the last two are left out when the file is one chunk. */
type SegmentLine = readonly [number, number, number, 0 | 1, number?, string?]
type FileLine = readonly [string, number, readonly SegmentLine[]]

const prefix = 'sha256:'
/** A remote is not trusted with the memory of who reads it. */
const mostBytes = 2 * 1024 ** 3

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/**
 * Where files are, as compressed lines of JSON: a line a file, then one with the blocks and their sizes. Seventy thousand
 * files are some three megabytes, most of which are the digests themselves.
 */
export function createLayoutsWriter(sizeOfBlock: (block: Digest) => Promise<number>) {
  const blocks = new Map<Digest, { readonly index: number; readonly sizeBytes: number }>()
  const lines: string[] = []
  return {
    add: async ({ digest, sizeBytes, segments }: FileLayout): Promise<void> => {
      const alone = segments.length === 1 && segments[0]?.chunk === digest
      const pieces: SegmentLine[] = []
      for (const segment of segments) {
        let block = blocks.get(segment.block)
        if (block === undefined) {
          block = { index: blocks.size, sizeBytes: await sizeOfBlock(segment.block) }
          blocks.set(segment.block, block)
        }
        const packed = segment.encoding === 'zstd' ? 1 : 0
        const place = [block.index, segment.offset, segment.storedBytes, packed] as const
        pieces.push(alone ? place : [...place, segment.sizeBytes, bare(segment.chunk)])
      }
      lines.push(JSON.stringify([bare(digest), sizeBytes, pieces] satisfies FileLine))
    },
    end: async (): Promise<{ readonly bytes: Uint8Array; readonly blocks: ReadonlyMap<Digest, number> }> => {
      const sizes = [...blocks].map(([digest, { sizeBytes }]) => [digest, sizeBytes] as const)
      lines.push(JSON.stringify(sizes.map(([digest, sizeBytes]) => [bare(digest), sizeBytes])))
      return { bytes: await compress(Buffer.from(lines.join('\n'))), blocks: new Map(sizes) }
    },
  }
}

export interface Layouts {
  /** Every block that the files are in, with its size. */
  readonly blocks: ReadonlyMap<Digest, number>
  /** Read again each time. @throws storage_corrupt */
  files(): Generator<FileLayout>
}

/** @throws storage_corrupt */
export async function parseLayouts(bytes: Uint8Array): Promise<Layouts> {
  const text = await decompress(bytes, { maxOutputLength: mostBytes })
    .then((plain) => plain.toString())
    .catch(unreadable)
  const end = text.lastIndexOf('\n')
  const table = parsing(() =>
    (JSON.parse(text.slice(end + 1)) as [string, number][]).map(
      ([hex, sizeBytes]) => [full(hex), count(sizeBytes)] as const,
    ),
  )
  const blocks = table.map(([digest, sizeBytes]) => ({ digest, sizeBytes }))
  return {
    blocks: new Map(table),
    files: function* () {
      for (let start = 0; start < end;) {
        const next = text.indexOf('\n', start)
        const line = text.slice(start, next)
        yield parsing(() => layoutOf(JSON.parse(line) as FileLine, blocks))
        start = next + 1
      }
    },
  }
}

function layoutOf(
  [hex, sizeBytes, pieces]: FileLine,
  blocks: readonly { readonly digest: Digest; readonly sizeBytes: number }[],
): FileLayout {
  const segments = pieces.map(([at, offset, storedBytes, packed, size = sizeBytes, chunk = hex]): Segment => {
    const block = blocks[at] ?? broken()
    if (count(offset) + count(storedBytes) > block.sizeBytes) broken()
    return {
      chunk: full(chunk),
      sizeBytes: count(size),
      block: block.digest,
      offset,
      storedBytes,
      encoding: packed === 1 ? 'zstd' : 'plain',
    }
  })
  if (segments.reduce((sum, segment) => sum + segment.sizeBytes, 0) !== count(sizeBytes)) broken()
  return { digest: full(hex), sizeBytes, segments }
}

function bare(digest: Digest): string {
  return digest.slice(prefix.length)
}

function full(hex: string): Digest {
  return /^[0-9a-f]{64}$/.test(hex) ? `sha256:${hex}` : broken()
}

function count(value: number): number {
  return Number.isSafeInteger(value) && value >= 0 ? value : broken()
}

function parsing<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return unreadable(error)
  }
}

function unreadable(error: unknown): never {
  return fail('storage_corrupt', 'The list of the files of a version cannot be read.', { cause: error })
}

function broken(): never {
  throw new Error('a line that none writes')
}
