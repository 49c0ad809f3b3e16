import { zstdDecompressSync } from 'node:zlib'
import { releaseChunk } from '../chunk.ts'
import type { BlobStore, Digest } from '../blobs/index.ts'
import { damagedFile } from './file-problems.ts'
import type { FileLayout, Segment } from './file-store.ts'
import { isUnpackError } from './write-files.ts'

/** Segments that follow each other in a block are read with one request, up to so many bytes. */
const readBytes = 4 * 1024 * 1024

/** The bytes of a file as its segments say. They are not compared with its digest. */
export async function* streamFile(file: FileLayout, blobs: BlobStore): AsyncIterable<Uint8Array> {
  for (const group of groupsOf(file.segments)) {
    if (group.encoding === 'plain') yield* readRange(group, blobs)
    else {
      const packed = await collect(group, blobs)
      let at = 0
      for (const { storedBytes, sizeBytes } of group.segments) {
        yield unpack(packed.subarray(at, at + storedBytes), { file, block: group.block, sizeBytes })
        at += storedBytes
      }
      releaseChunk(packed)
    }
  }
}

interface Group {
  readonly block: Digest
  readonly offset: number
  readonly encoding: Segment['encoding']
  readonly segments: Segment[]
  storedBytes: number
}

function* groupsOf(segments: readonly Segment[]): Iterable<Group> {
  let group: Group | undefined
  for (const segment of segments) {
    const { block, offset, encoding, storedBytes } = segment
    const follows =
      group !== undefined &&
      group.block === block &&
      group.encoding === encoding &&
      group.offset + group.storedBytes === offset &&
      group.storedBytes + storedBytes <= readBytes
    if (follows && group !== undefined) {
      group.segments.push(segment)
      group.storedBytes += storedBytes
      continue
    }
    if (group !== undefined) yield group
    group = { block, offset, encoding, storedBytes, segments: [segment] }
  }
  if (group !== undefined) yield group
}

async function* readRange(
  { block, offset, storedBytes }: Group,
  blobs: BlobStore,
): AsyncIterable<Uint8Array> {
  yield* await blobs.stream(block, { first: offset, last: offset + storedBytes - 1 })
}

async function collect(group: Group, blobs: BlobStore): Promise<Uint8Array> {
  const packed = new Uint8Array(group.storedBytes)
  let filled = 0
  for await (const bytes of readRange(group, blobs)) {
    packed.set(bytes, filled)
    filled += bytes.byteLength
    releaseChunk(bytes)
  }
  return packed.subarray(0, filled)
}

function unpack(
  packed: Uint8Array,
  { file, block, sizeBytes }: { file: FileLayout; block: Digest; sizeBytes: number },
): Uint8Array {
  try {
    return zstdDecompressSync(packed, { maxOutputLength: sizeBytes })
  } catch (error) {
    if (isUnpackError(error)) damagedFile(file, block)
    throw error
  }
}
