import { fail } from '#contract/errors'
import { slabBytes } from './slab-kernel.ts'

/** Slabs that may wait, so that neither thread waits for each step of the other on a busy machine. */
const slots = 4
const running = 0
const ended = 1
const failed = 2
const headerBytes = 64
/** Places in the header; the lengths of the slots follow. */
const [filledAt, usedAt, stateAt, lengthsAt] = [0, 1, 2, 3]
/** So often whoever waits looks whether it should stop. */
const lookMs = 500

/** Memory of two threads: one fills slabs, the other uses them in order. */
export class SharedSlabs {
  readonly memory: SharedArrayBuffer
  readonly #header: Int32Array<SharedArrayBuffer>

  constructor(memory = new SharedArrayBuffer(headerBytes + slots * slabBytes)) {
    this.memory = memory
    this.#header = new Int32Array(memory, 0, headerBytes / 4)
  }

  /** Resolves when the bytes are copied, which is when there is room for them. */
  async fill(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    const filled = Atomics.load(this.#header, filledAt)
    for (;;) {
      const used = Atomics.load(this.#header, usedAt)
      if (filled - used < slots) break
      await this.#changeOf(usedAt, used, signal)
    }
    this.#slot(filled, slabBytes).set(bytes)
    Atomics.store(this.#header, lengthsAt + (filled % slots), bytes.byteLength)
    this.#set(filledAt, filled + 1)
  }

  /** No more comes. */
  end(): void {
    this.#finish(ended)
  }

  fail(): void {
    this.#finish(failed)
  }

  /** The slabs one after the other; each is only good until the next is asked for. */
  async *slabs(signal: AbortSignal): AsyncIterable<Uint8Array> {
    for (let used = 0; ; used++) {
      for (;;) {
        // Before the count: what was filled before the end is seen after it.
        const state = Atomics.load(this.#header, stateAt)
        const filled = Atomics.load(this.#header, filledAt)
        if (state === failed) fail('cancelled', 'The file was given up.')
        if (filled > used) break
        if (state === ended) return
        await this.#changeOf(filledAt, filled, signal)
      }
      yield this.#slot(used, Atomics.load(this.#header, lengthsAt + (used % slots)))
      this.#set(usedAt, used + 1)
    }
  }

  #slot(count: number, length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.memory, headerBytes + (count % slots) * slabBytes, length)
  }

  #set(at: number, value: number): void {
    Atomics.store(this.#header, at, value)
    Atomics.notify(this.#header, at)
  }

  #finish(state: number): void {
    if (Atomics.compareExchange(this.#header, stateAt, running, state) === running)
      // Whoever waits for a slab looks again.
      Atomics.notify(this.#header, filledAt)
  }

  async #changeOf(at: number, value: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    await Atomics.waitAsync(this.#header, at, value, lookMs).value
  }
}
