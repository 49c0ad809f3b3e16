import type { StoreProgress } from './file-store.ts'

/** Counts what a run has done, and tells whoever wants to know. */
export class ProgressCount {
  readonly #progress = { files: 0, bytes: 0, newBytes: 0 }
  readonly #report: ((progress: StoreProgress) => void) | undefined

  constructor(report: ((progress: StoreProgress) => void) | undefined) {
    this.#report = report
  }

  add({ files = 0, bytes = 0, newBytes = 0 }: Partial<StoreProgress>): void {
    this.#progress.files += files
    this.#progress.bytes += bytes
    this.#progress.newBytes += newBytes
    this.#report?.({ ...this.#progress })
  }
}
