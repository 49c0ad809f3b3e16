import { fail } from '#contract/errors'

/** A copy grows by steps of so many bytes, the last one shorter. */
export const copyStepBytes = 4 * 1024 * 1024

const failed = -1

/** How far a copy is, seen by two threads. */
export class CopyProgress {
  readonly memory: SharedArrayBuffer
  readonly #steps: Int32Array<SharedArrayBuffer>

  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#steps = new Int32Array(memory)
  }

  reach(steps: number): void {
    Atomics.store(this.#steps, 0, steps)
    Atomics.notify(this.#steps, 0)
  }

  fail(): void {
    this.reach(failed)
  }

  /** Resolves when so many steps are written. */
  async written(steps: number): Promise<void> {
    for (;;) {
      const now = Atomics.load(this.#steps, 0)
      if (now === failed) fail('cancelled', 'The copy of the file was given up.')
      if (now >= steps) return
      await Atomics.waitAsync(this.#steps, 0, now).value
    }
  }
}
