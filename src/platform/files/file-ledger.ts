import type { Digest } from '../blobs/index.ts'
import type { Block } from './block-packer.ts'
import type { ChunkPlaces, Spot } from './chunk-places.ts'
import { blocksOfLayout, LayoutWriter } from './layout-text.ts'
import type { StoredFileRow, StoredFiles } from './stored-files.ts'

/** The layout of one file, which grows until its last chunk has a place. */
export class GrowingLayout {
  readonly #writer = new LayoutWriter()
  readonly #blocks: Block[] = []

  add({
    block,
    offset,
    sizeBytes,
    storedBytes,
    encoding,
    sha256,
  }: Omit<Spot, 'packed' | 'indexed' | 'isPlaced'>): void {
    if (block === undefined) throw new Error('A chunk without a place.')
    let index = this.#blocks.lastIndexOf(block)
    if (index === -1) index = this.#blocks.push(block) - 1
    this.#writer.add({ block: index, offset, sizeBytes, storedBytes, encoding, sha256 })
  }

  get isSealed(): boolean {
    return this.#blocks.every(({ digest }) => digest !== undefined)
  }

  text(): string {
    return this.#writer.text(this.#blocks.flatMap(({ digest }) => digest ?? []))
  }
}

interface Finished {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly layout: GrowingLayout
}

const rowsAtOnce = 20_000

/** Files of a run, which are written to the metadata store when all their blocks are stored. */
export class FileLedger {
  readonly #stored: StoredFiles
  readonly #places: ChunkPlaces
  #finished: Finished[] = []
  /** Files that are about to be known; another with the same bytes needs nothing. */
  readonly #coming = new Set<Digest>()
  #saving: Promise<void> = Promise.resolve()

  constructor(stored: StoredFiles, places: ChunkPlaces) {
    this.#stored = stored
    this.#places = places
  }

  /** Which of these are stored, or are about to be. */
  async known(digests: readonly Digest[]): Promise<ReadonlySet<Digest>> {
    const known = new Set(digests.filter((digest) => this.#coming.has(digest)))
    const rows = await this.#stored.findToName(digests.filter((digest) => !known.has(digest)))
    for (const { digest, layout } of rows) if (await this.#isWhole(layout)) known.add(digest)
    return known
  }

  /** Undefined: it is about to be known already. */
  begin(digest: Digest): GrowingLayout | undefined {
    if (this.#coming.has(digest)) return undefined
    this.#coming.add(digest)
    return new GrowingLayout()
  }

  finish(file: Finished): void {
    this.#coming.add(file.digest)
    this.#finished.push(file)
  }

  /** Writes the files whose blocks are stored; one call after the other. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      const ready = this.#finished.filter(({ layout }) => layout.isSealed)
      this.#finished = this.#finished.filter(({ layout }) => !layout.isSealed)
      for (let start = 0; start < ready.length; start += rowsAtOnce) {
        const rows = ready
          .slice(start, start + rowsAtOnce)
          .map(({ digest, sizeBytes, layout }): StoredFileRow => ({
            digest,
            sizeBytes,
            layout: layout.text(),
          }))
        await this.#stored.save(rows)
        for (const { digest } of rows) this.#coming.delete(digest)
      }
    })
    return this.#saving
  }

  async #isWhole(layout: string): Promise<boolean> {
    for (const block of blocksOfLayout(layout))
      if ((await this.#places.usable(block)) === undefined) return false
    return true
  }
}
