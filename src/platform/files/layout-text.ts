import { fail } from '#contract/errors'
import type { Digest } from '../blobs/index.ts'
import type { FileLayout, Segment, StoredFile } from './file-store.ts'

/**
 * A layout as it is kept: the blocks, as digests with commas between them, a semicolon, and the segments in base64. The
 * digests stand there in full, so that whoever looks for digests in texts finds them.
 *
 * A segment is a few numbers of seven bits a byte: block × 4 + 2 if an offset follows + 1 if compressed; the offset, unless
 * the segment follows the one before it in the same block; its size; its stored size, if compressed. Then the 32 bytes of
 * its chunk, unless the file is one chunk, whose digest is that of the file. 70,000 small files are 100 bytes each so.
 */
export class LayoutWriter {
  #bytes = Buffer.allocUnsafe(64)
  #length = 0
  #segments = 0
  readonly #ends: number[] = []

  /** `block` counts the blocks of this file from 0, in the order in which they first occur. */
  add(segment: Omit<Segment, 'block' | 'chunk'> & { readonly block: number; readonly sha256: string }): void {
    const { block, offset, sizeBytes, storedBytes } = segment
    const follows = this.#ends[block] === offset || (offset === 0 && this.#ends[block] === undefined)
    const compressed = segment.encoding === 'zstd'
    this.#number(block * 4 + (follows ? 0 : 2) + (compressed ? 1 : 0))
    if (!follows) this.#number(offset)
    this.#number(sizeBytes)
    if (compressed) this.#number(storedBytes)
    this.#reserve(32)
    this.#length += this.#bytes.write(segment.sha256, this.#length, 'hex')
    this.#ends[block] = offset + storedBytes
    this.#segments += 1
  }

  text(blocks: readonly Digest[]): string {
    // One chunk: the file's own digest says it.
    const end = this.#segments === 1 ? this.#length - 32 : this.#length
    return `${blocks.join(',')};${this.#bytes.toString('base64', 0, end)}`
  }

  #number(value: number): void {
    this.#reserve(8)
    let rest = value
    // Not by shifts: an offset in a block that is a file by itself may have more than 32 bits.
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) + 128
    this.#bytes[this.#length++] = rest
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

/** The blocks of a layout, without looking at its segments. */
export function blocksOfLayout(text: string): Digest[] {
  const end = text.indexOf(';')
  return end <= 0 ? [] : (text.slice(0, end).split(',') as Digest[])
}

export function readLayout({ digest, sizeBytes }: StoredFile, text: string): FileLayout {
  const segments = [...segmentsIn({ digest, sizeBytes }, text)]
  return { digest, sizeBytes, segments }
}

/** The segments one after the other: a large file has hundreds of thousands. */
export function* segmentsIn({ digest, sizeBytes }: StoredFile, text: string): Iterable<Segment> {
  const blocks = blocksOfLayout(text)
  const bytes = Buffer.from(text.slice(text.indexOf(';') + 1), 'base64')
  const ends: number[] = []
  let at = 0
  let total = 0
  let isFirst = true
  const number = (): number => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++] ?? damaged(digest)
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  while (at < bytes.length) {
    const head = number()
    const index = Math.floor(head / 4)
    const offset = (head & 2) === 2 ? number() : (ends[index] ?? 0)
    const size = number()
    const storedBytes = (head & 1) === 1 ? number() : size
    const isOnly = isFirst && at === bytes.length
    const chunk = isOnly ? digest : (`sha256:${bytes.toString('hex', at, (at += 32))}` as const)
    if (at > bytes.length) damaged(digest)
    const encoding = (head & 1) === 1 ? 'zstd' : 'plain'
    const block = blocks[index] ?? damaged(digest)
    yield { chunk, sizeBytes: size, block, offset, storedBytes, encoding }
    ends[index] = offset + storedBytes
    total += size
    isFirst = false
  }
  if (total !== sizeBytes) damaged(digest)
}

/** The same layout as it is kept, for one that came from elsewhere. */
export function writeLayout({ segments }: FileLayout): string {
  const blocks = [...new Set(segments.map(({ block }) => block))]
  const numbers = new Map(blocks.map((block, index) => [block, index]))
  const writer = new LayoutWriter()
  for (const { block, chunk, ...segment } of segments)
    writer.add({ ...segment, block: numbers.get(block) ?? 0, sha256: chunk.slice('sha256:'.length) })
  return writer.text(blocks)
}

function damaged(digest: Digest): never {
  return fail('storage_corrupt', `What is known of the file ${digest} cannot be read.`, {
    hint: 'Restore the metadata store from a copy, or add the file again.',
  })
}
