import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { fail } from '#contract/errors'
import { digestOf, type BlobStore, type Digest } from '#platform/blobs/index'
import type { FileLayout, Segment } from '#platform/files/file-store'

const decompress = promisify(zstdDecompress)

/**
 * Looks into blocks that came from elsewhere, whether each piece is the chunk that it is said to be. The blocks have their
 * digests; the list that says what is in them could still lie, and a file that is added here later would be taken for
 * stored already.
 *
 * @throws storage_corrupt
 */
export async function checkSegments(
  layouts: Iterable<FileLayout>,
  blobs: Pick<BlobStore, 'localPath'>,
  signal: AbortSignal,
): Promise<void> {
  const byBlock = new Map<Digest, Map<string, Segment>>()
  for (const { segments } of layouts) {
    for (const segment of segments) {
      // A file that is a block by itself was checked when the block came.
      if (segment.encoding === 'plain' && segment.chunk === segment.block) continue
      const pieces = byBlock.get(segment.block) ?? new Map<string, Segment>()
      pieces.set(`${segment.chunk} ${segment.offset}`, segment)
      byBlock.set(segment.block, pieces)
    }
  }
  for (const [block, pieces] of byBlock) {
    const file = await open(await blobs.localPath(block))
    try {
      for (const segment of pieces.values()) {
        signal.throwIfAborted()
        const stored = Buffer.allocUnsafe(segment.storedBytes)
        await file.read(stored, 0, stored.length, segment.offset)
        const bytes =
          segment.encoding === 'plain'
            ? stored
            : await decompress(stored, { maxOutputLength: Math.max(1, segment.sizeBytes) }).catch(
                () => stored,
              )
        if (bytes.byteLength !== segment.sizeBytes || digestOf(bytes) !== segment.chunk) lies(block)
      }
    } finally {
      await file.close()
    }
  }
}

function lies(block: Digest): never {
  return fail('storage_corrupt', `A list of files says of ${block} what is not in it.`, {
    hint: 'The version was not taken in. Push it again from where it is whole.',
  })
}
