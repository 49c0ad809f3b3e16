import { closeSync, openSync, readSync } from 'node:fs'
import { zstdDecompressSync } from 'node:zlib'
import type { Segment } from './file-store.ts'

/** What is read at once, and the longest gap that is read over rather than skipped. */
const windowBytes = 4 * 1024 * 1024
const gapBytes = 64 * 1024
const mostOpen = 4

export type StoredPiece = Pick<Segment, 'offset' | 'storedBytes' | 'sizeBytes' | 'encoding'>

/**
 * Reads pieces of a block file in the order of their offsets, many with one call. Pieces that do not fit into the window
 * (whole files of older versions) come in parts.
 */
export class BlockReader {
  readonly #descriptor: number
  readonly #window = new Uint8Array(windowBytes)
  #from = 0
  #to = 0

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r')
  }

  /**
   * The bytes of a piece, unpacked, in parts that are only good until the next one is asked for. `end` is how far it pays
   * to read ahead. Yields less than was promised when the block is shorter, or throws when it cannot be unpacked.
   */
  *bytesOf(piece: StoredPiece, end = piece.offset + piece.storedBytes): Iterable<Uint8Array> {
    const { offset, storedBytes, encoding, sizeBytes } = piece
    if (encoding === 'zstd') {
      const packed = this.#read(offset, storedBytes, end)
      yield zstdDecompressSync(packed, { maxOutputLength: Math.max(1, sizeBytes) })
      return
    }
    for (let done = 0; done < storedBytes;) {
      const part = this.#read(offset + done, Math.min(windowBytes, storedBytes - done), end)
      if (part.byteLength === 0) return
      yield part
      done += part.byteLength
    }
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #read(offset: number, length: number, end: number): Uint8Array {
    if (offset < this.#from || offset + length > this.#to) {
      const wanted = Math.min(windowBytes, Math.max(length, end - offset))
      let filled = 0
      while (filled < wanted) {
        const count = readSync(this.#descriptor, this.#window, filled, wanted - filled, offset + filled)
        if (count === 0) break
        filled += count
      }
      this.#from = offset
      this.#to = offset + filled
    }
    const at = offset - this.#from
    return this.#window.subarray(at, Math.min(at + length, this.#to - this.#from))
  }
}

/** For each segment how far reading ahead pays: to where those after it follow in the same block without a long gap. */
export function readAheadEnds(segments: readonly (StoredPiece & { readonly block: string })[]): number[] {
  const ends: number[] = Array.from({ length: segments.length })
  for (let index = segments.length - 1; index >= 0; index--) {
    const segment = segments[index] as StoredPiece & { readonly block: string }
    const next = segments[index + 1]
    const end = segment.offset + segment.storedBytes
    const joins =
      next?.block === segment.block && next.offset >= segment.offset && next.offset - end <= gapBytes
    ends[index] = joins ? Math.max(end, ends[index + 1] as number) : end
  }
  return ends
}

/** Readers of several blocks; the ones that were not used for longest are closed. */
export class BlockReaders {
  readonly #paths: ReadonlyMap<string, string>
  readonly #open = new Map<string, BlockReader>()

  constructor(paths: ReadonlyMap<string, string>) {
    this.#paths = paths
  }

  of(block: string): BlockReader {
    const open = this.#open.get(block) ?? new BlockReader(this.#paths.get(block) ?? '')
    this.#open.delete(block)
    this.#open.set(block, open)
    if (this.#open.size > mostOpen) {
      const [oldest, reader] = [...this.#open][0] as [string, BlockReader]
      reader.close()
      this.#open.delete(oldest)
    }
    return open
  }

  close(): void {
    for (const reader of this.#open.values()) reader.close()
  }
}
