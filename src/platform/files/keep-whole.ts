import type { BlobIntake } from '../blobs/index.ts'
import type { Block } from './block-packer.ts'
import { splitChunkNames } from './chunk-names.ts'
import type { ChunkPlaces } from './chunk-places.ts'
import { GrowingLayout, type FileLedger } from './file-ledger.ts'
import type { FileToStore, StoredFile } from './file-store.ts'
import type { Cuts } from './keep-file.ts'
import { segmentsIn } from './layout-text.ts'
import { SharedSlabs } from './shared-slabs.ts'
import type { ProgressCount } from './store-progress.ts'
import type { TaskPool } from './task-pool.ts'

interface KeepParts {
  readonly pool: TaskPool
  readonly places: ChunkPlaces
  readonly ledger: FileLedger
  readonly intake: BlobIntake
  readonly progress: ProgressCount
  readonly signal: AbortSignal
}

/** Stores a file as a block by itself: copied and cut by one thread, and digested by another. */
export async function keepWhole(
  file: FileToStore,
  sizeBytes: number,
  { pool, places, ledger, intake, progress, signal: given }: KeepParts,
): Promise<StoredFile> {
  const to = await intake.place()
  const block: Block = { digest: undefined }
  const layout = new GrowingLayout()
  let offset = 0
  const answer = ({ chunks, sizes }: Cuts): void => {
    const before = offset
    for (const [index, sha256] of splitChunkNames(chunks).entries()) {
      const size = sizes[index] as number
      layout.add({ sha256, block, offset, sizeBytes: size, storedBytes: size, encoding: 'plain' })
      offset += size
    }
    progress.add({ bytes: offset - before })
  }
  // Where no thread is to spare the whole is digested by the one that reads.
  const beside = pool.idle >= 2 ? new SharedSlabs().memory : undefined
  const stop = new AbortController()
  const signal = AbortSignal.any([given, stop.signal])
  try {
    const keeping = pool.run('keepFile', { file, to, sizeBytes, beside }, { answer, signal })
    const digesting = beside && pool.run('digestBeside', { memory: beside }, { signal })
    // What keeps the one from reading keeps the other from digesting, and is what has to be said.
    digesting?.catch(() => stop.abort())
    const sha256 = (await keeping) ?? (await digesting)
    const stored: StoredFile = { digest: `sha256:${sha256}`, sizeBytes }
    if ((await ledger.known([stored.digest])).has(stored.digest)) return stored
    await intake.take(to, stored)
    progress.add({ newBytes: sizeBytes })
    block.digest = stored.digest
    ledger.finish({ ...stored, layout })
    await ledger.save()
    places.learn(segmentsIn(stored, layout.text()))
    return stored
  } finally {
    await intake.discard(to)
  }
}
