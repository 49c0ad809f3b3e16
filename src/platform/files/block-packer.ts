import { releaseChunk } from '../chunk.ts'
import type { BlobStore, Digest } from '../blobs/index.ts'

const blockBytes = 64 * 1024 * 1024
/** Files wait for their block before they are known, so a block has an end also when the files are tiny. */
const blockChunks = 200_000
/** Pieces that wait for the disk. */
const mostQueued = 4

/** A block, whose digest is known when it is stored and synced. */
export interface Block {
  digest: Digest | undefined
}

interface Writing {
  readonly block: Block
  readonly pieces: Uint8Array[]
  sizeBytes: number
  chunks: number
  state: 'open' | 'ended' | 'abandoned'
  /** Whoever waits for a piece, or for room for one. */
  waiting: (() => void)[]
}

/** Packs pieces into blocks, one after the other; a block is written to the disk while it grows. */
export class BlockPacker {
  readonly #blobs: Pick<BlobStore, 'put'>
  readonly #sealed: (block: Block) => Promise<void>
  readonly #sealing = new Set<Promise<void>>()
  #current: Writing | undefined
  #failure: { readonly error: unknown } | undefined

  /** `sealed` is told of each block that is stored. */
  constructor(blobs: Pick<BlobStore, 'put'>, sealed: (block: Block) => Promise<void>) {
    this.#blobs = blobs
    this.#sealed = sealed
  }

  /** Answers where the piece begins; resolves when there is room for another. The piece belongs to the block now. */
  async append(piece: Uint8Array, chunks: number): Promise<{ block: Block; offset: number }> {
    this.#requireHealthy()
    const full = this.#current
    if (full !== undefined && (full.sizeBytes + piece.byteLength > blockBytes || full.chunks >= blockChunks))
      this.#end(full, 'ended')
    const writing = (this.#current ??= this.#begin())
    const offset = writing.sizeBytes
    writing.sizeBytes += piece.byteLength
    writing.chunks += chunks
    writing.pieces.push(piece)
    wake(writing)
    while (writing.pieces.length > mostQueued && this.#failure === undefined) await change(writing)
    this.#requireHealthy()
    return { block: writing.block, offset }
  }

  /** Stores what was appended; everything is synced and told afterwards. */
  async seal(): Promise<void> {
    if (this.#current !== undefined) this.#end(this.#current, 'ended')
    await Promise.all(this.#sealing)
    this.#requireHealthy()
  }

  /** Gives up what is not sealed. */
  async abandon(): Promise<void> {
    if (this.#current !== undefined) this.#end(this.#current, 'abandoned')
    await Promise.all(this.#sealing)
  }

  #end(writing: Writing, state: 'ended' | 'abandoned'): void {
    writing.state = state
    this.#current = undefined
    wake(writing)
  }

  #begin(): Writing {
    const block: Block = { digest: undefined }
    const writing: Writing = { block, pieces: [], sizeBytes: 0, chunks: 0, state: 'open', waiting: [] }
    const storing = this.#store(writing).finally(() => this.#sealing.delete(storing))
    this.#sealing.add(storing)
    return writing
  }

  async #store(writing: Writing): Promise<void> {
    try {
      const { digest } = await this.#blobs.put(contentOf(writing))
      writing.block.digest = digest
      await this.#sealed(writing.block)
    } catch (error) {
      this.#failure ??= { error }
      wake(writing)
    }
  }

  #requireHealthy(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

async function* contentOf(writing: Writing): AsyncIterable<Uint8Array> {
  for (;;) {
    if (writing.state === 'abandoned') throw new Error('The block was given up.')
    const piece = writing.pieces[0]
    if (piece !== undefined) {
      yield piece
      releaseChunk(piece)
      writing.pieces.shift()
      wake(writing)
    } else if (writing.state === 'ended') return
    else await change(writing)
  }
}

function change(writing: Writing): Promise<void> {
  return new Promise((resolve) => writing.waiting.push(resolve))
}

function wake(writing: Writing): void {
  for (const resolve of writing.waiting.splice(0)) resolve()
}
