import type { BlobStore, Digest } from '../blobs/index.ts'
import { DevmlopsError } from '#contract/errors'
import type { Damage, FileLayout, FileStore, Segment } from './file-store.ts'
import { readLayout } from './layout-text.ts'
import { pagesOf } from './pages-of.ts'
import type { WriteParts } from './materialize-files.ts'
import { tasksPerThread } from './task-pool.ts'

/** So many chunks are gathered before their blocks are read; a set of files with more may read a block again. */
const mostSegments = 500_000
const pageFiles = 1000

interface Wanted {
  readonly segment: Segment
  readonly files: Digest[]
}

export async function* verifyFiles(
  digests: Parameters<FileStore['verify']>[0],
  { signal }: NonNullable<Parameters<FileStore['verify']>[1]>,
  parts: WriteParts,
): AsyncIterable<Damage> {
  const gathering = createGathering(parts, signal)
  for await (const page of pagesOf(new Set(digests), pageFiles)) {
    for (const [index, row] of (await parts.findRows(page)).entries()) {
      const file = page[index] as Digest
      if (row === undefined) yield { file, block: file, reason: 'missing' }
      else gathering.add(readLayout(row, row.layout))
    }
    yield* gathering.checkWhenMany()
  }
  yield* gathering.check()
}

/** The same for files that are not known here yet: whether the blocks hold what somebody says that is in them. */
export async function* verifyLayouts(
  layouts: Iterable<FileLayout>,
  { signal }: NonNullable<Parameters<FileStore['verify']>[1]>,
  parts: WriteParts,
): AsyncIterable<Damage> {
  const gathering = createGathering(parts, signal)
  for await (const page of pagesOf(layouts, pageFiles)) {
    for (const layout of page) gathering.add(layout)
    yield* gathering.checkWhenMany()
  }
  yield* gathering.check()
}

/** Pieces by the block that they are in, until there are so many that their blocks are read. */
function createGathering(parts: WriteParts, signal: AbortSignal | undefined) {
  let blocks = new Map<Digest, Map<number, Wanted>>()
  let gathered = 0
  const check = async function* (): AsyncIterable<Damage> {
    const some = blocks
    blocks = new Map()
    gathered = 0
    yield* checkAll(some, parts, signal)
  }
  return {
    add: ({ digest: file, segments }: FileLayout): void => {
      for (const segment of segments) {
        const wanted = blocks.get(segment.block) ?? new Map<number, Wanted>()
        blocks.set(segment.block, wanted)
        const there = wanted.get(segment.offset)
        if (there === undefined) wanted.set(segment.offset, { segment, files: [file] })
        else if (there.files.at(-1) !== file) there.files.push(file)
        gathered += 1
      }
    },
    check,
    checkWhenMany: async function* (): AsyncIterable<Damage> {
      if (gathered >= mostSegments) yield* check()
    },
  }
}

async function* checkAll(
  blocks: ReadonlyMap<Digest, ReadonlyMap<number, Wanted>>,
  { blobs, pool }: WriteParts,
  signal?: AbortSignal,
): AsyncIterable<Damage> {
  const next = blocks.entries()
  const running = new Set<Promise<void>>()
  const found: Damage[] = []
  const check = async (block: Digest, wanted: ReadonlyMap<number, Wanted>): Promise<Damage[]> => {
    const chunks = [...wanted.values()].sort((a, b) => a.segment.offset - b.segment.offset)
    const damage = (reason: Damage['reason'], hit: readonly Wanted[]): Damage[] =>
      [...new Set(hit.flatMap(({ files }) => files))].map((file) => ({ file, block, reason }))
    const local = await pathOf(block, blobs)
    if ('reason' in local) return damage(local.reason, chunks)
    const segments = chunks.map(({ segment }) => segment)
    const damaged = await pool.run('checkBlock', { ...local, block, segments }, signal && { signal })
    return damage(
      'changed',
      damaged.map((index) => chunks[index] as Wanted),
    )
  }
  for (;;) {
    signal?.throwIfAborted()
    while (running.size < pool.size * tasksPerThread) {
      const { value, done } = next.next()
      if (done === true) break
      const work = check(...value)
        .then((damages) => void found.push(...damages))
        .finally(() => running.delete(work))
      running.add(work)
    }
    if (running.size === 0) return
    await Promise.race(running)
    yield* found.splice(0)
  }
}

async function pathOf(
  block: Digest,
  blobs: BlobStore,
): Promise<{ path: string } | { reason: Damage['reason'] }> {
  try {
    return { path: await blobs.localPath(block) }
  } catch (error) {
    if (!(error instanceof DevmlopsError)) throw error
    if (error.code === 'not_found') return { reason: 'missing' }
    if (error.code === 'storage_corrupt') return { reason: 'changed' }
    throw error
  }
}
