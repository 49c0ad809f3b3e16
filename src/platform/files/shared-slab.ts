import { fail } from '#contract/errors'
import { slabBytes } from './slab-kernel.ts'

const empty = 0
const filled = 1
const ended = 2
const failed = 3
const headerBytes = 64
/** So often whoever waits looks whether it should stop. */
const lookMs = 500

/** One slab that a thread fills and another empties, again and again. */
export class SharedSlab {
  readonly memory: SharedArrayBuffer
  readonly #header: Int32Array<SharedArrayBuffer>
  readonly #bytes: Uint8Array<SharedArrayBuffer>

  constructor(memory = new SharedArrayBuffer(headerBytes + slabBytes)) {
    this.memory = memory
    this.#header = new Int32Array(memory, 0, 2)
    this.#bytes = new Uint8Array(memory, headerBytes)
  }

  /** Resolves when the bytes are copied, which is when those before them are used. */
  async fill(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#changeFrom(filled, signal)
    this.#bytes.set(bytes)
    Atomics.store(this.#header, 1, bytes.byteLength)
    this.#become(filled)
  }

  /** No more comes. */
  async end(signal: AbortSignal): Promise<void> {
    await this.#changeFrom(filled, signal)
    this.#become(ended)
  }

  fail(): void {
    this.#become(failed)
  }

  /** The slabs one after the other; each is only good until the next is asked for. */
  async *slabs(signal: AbortSignal): AsyncIterable<Uint8Array> {
    for (;;) {
      const state = await this.#changeFrom(empty, signal)
      if (state === ended) return
      if (state === failed) fail('cancelled', 'The file was given up.')
      yield this.#bytes.subarray(0, Atomics.load(this.#header, 1))
      this.#become(empty)
    }
  }

  #become(state: number): void {
    Atomics.store(this.#header, 0, state)
    Atomics.notify(this.#header, 0)
  }

  async #changeFrom(state: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      const now = Atomics.load(this.#header, 0)
      if (now !== state) return now
      signal.throwIfAborted()
      await Atomics.waitAsync(this.#header, 0, now, lookMs).value
    }
  }
}
