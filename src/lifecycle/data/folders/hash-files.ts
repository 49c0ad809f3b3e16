import { createHash, hash } from 'node:crypto'
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import { joinPath } from './tree-path.ts'
import type { UnhashedFile } from './scan-folder.ts'
import { markGone, setDigest } from './working-directory.ts'

const pieceBytes = 4 * 1024 * 1024
const bytesPerTurn = 16 * 1024 * 1024
const filesPerTurn = 512

/** Gives files their digests without storing them. One that is gone meanwhile is marked so. */
export async function hashFiles(
  root: string,
  files: readonly UnhashedFile[],
  signal?: AbortSignal,
): Promise<void> {
  const piece = Buffer.allocUnsafeSlow(pieceBytes)
  let bytes = 0
  for (const [count, { directory, index }] of files.entries()) {
    const path = joinPath(directory.path, directory.names[index] as string)
    const digest = await digestOfFile(`${root}/${path}`, path, piece)
    if (digest === undefined) markGone(directory, index)
    else setDigest(directory, index, digest.digest)
    bytes += digest?.sizeBytes ?? 0
    if (bytes < bytesPerTurn && (count + 1) % filesPerTurn !== 0) continue
    bytes = 0
    await nextTurn()
    signal?.throwIfAborted()
  }
}

/** Undefined when it is gone. */
export async function digestOfPath(path: string): Promise<Digest | undefined> {
  return (await digestOfFile(path, path, Buffer.allocUnsafeSlow(pieceBytes)))?.digest
}

async function digestOfFile(
  place: string,
  name: string,
  piece: Buffer,
): Promise<{ digest: Digest; sizeBytes: number } | undefined> {
  let descriptor: number
  try {
    descriptor = openSync(place, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    return fail('unreadable_data', `${name} cannot be read: ${(error as Error).message}.`, {
      hint: 'Check the permissions of the file.',
      at: name,
      cause: error,
    })
  }
  try {
    const { size } = fstatSync(descriptor)
    const first = readSync(descriptor, piece, 0, piece.length, 0)
    if (first < piece.length) {
      return { digest: `sha256:${hash('sha256', piece.subarray(0, first), 'hex')}`, sizeBytes: size }
    }
    const whole = createHash('sha256').update(piece)
    for (let position = first, count = first; count > 0; position += count) {
      count = readSync(descriptor, piece, 0, piece.length, position)
      whole.update(piece.subarray(0, count))
      await nextTurn()
    }
    return { digest: `sha256:${whole.digest('hex')}`, sizeBytes: size }
  } finally {
    closeSync(descriptor)
  }
}
