import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { fail, messageOf } from '#contract/errors'
import type { ArrivingFile } from '../sources/arriving-file.ts'
import { changedWhileRead } from '#platform/files/index'
import { inspectFile } from '../sources/inspect-file.ts'
import { spoolPath } from '../sources/spool.ts'

const labels = { 'latin-1': 'windows-1252', 'utf-16': 'utf-16le' } as const

/**
 * Text in another encoding, written anew as UTF-8: JSON and compressed files are then read like all others, and both the
 * file as it came and the one that is read are kept.
 */
export async function renderText(
  { path, name, compressed }: { path: string; name: string; compressed: boolean },
  encoding: keyof typeof labels,
  spool: string,
): Promise<Pick<ArrivingFile, 'path' | 'facts' | 'originals'>> {
  const target = await spoolPath(spool, '.txt')
  const before = await stat(path, { bigint: true })
  const hash = createHash('sha256')
  let sizeBytes = 0
  const bytes = createReadStream(path, { highWaterMark: 1 << 20 })
  bytes.on('data', (chunk) => {
    hash.update(chunk)
    sizeBytes += chunk.length
  })
  const unpacked: AsyncIterable<Buffer> = compressed ? bytes.pipe(createGunzip()) : bytes
  try {
    await pipeline(
      Readable.from(decoded(unpacked, { encoding, name })),
      createWriteStream(target, { mode: 0o600 }),
    )
    const after = await stat(path, { bigint: true })
    if (before.mtimeNs !== after.mtimeNs || before.size !== after.size) changedWhileRead(name)
    const facts = await inspectFile(target, name, { isText: true, compressed: false })
    const digest = `sha256:${hash.digest('hex')}` as const
    return { path: target, facts, originals: [{ name, path, digest, sizeBytes }] }
  } catch (error) {
    bytes.destroy()
    await rm(target, { force: true })
    if ((error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error
    return fail('unreadable_data', `${name} cannot be unpacked: ${messageOf(error)}.`, {
      hint: 'The file is damaged or only half written. Ask its source for it again.',
      at: name,
    })
  }
}

async function* decoded(
  bytes: AsyncIterable<Buffer>,
  { encoding, name }: { encoding: keyof typeof labels; name: string },
): AsyncIterable<string> {
  let decoder: InstanceType<typeof TextDecoder> | undefined
  let offset = 0
  for await (const chunk of bytes) {
    decoder ??= new TextDecoder(labelOf(encoding, chunk), { fatal: true })
    yield textOf(decoder, chunk, { name, offset, encoding })
    offset += chunk.length
  }
  if (decoder !== undefined) yield textOf(decoder, undefined, { name, offset, encoding })
}

/** A byte order mark says which of the two UTF-16 it is; without one it is the little-endian of Windows. */
function labelOf(encoding: keyof typeof labels, first: Buffer): string {
  return encoding === 'utf-16' && first[0] === 0xfe && first[1] === 0xff ? 'utf-16be' : labels[encoding]
}

function textOf(
  decoder: InstanceType<typeof TextDecoder>,
  chunk: Buffer | undefined,
  { name, offset, encoding }: { name: string; offset: number; encoding: string },
): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true })
  } catch {
    return fail('unreadable_data', `${name} is not ${encoding}: it breaks off after byte ${offset}.`, {
      hint: 'Correct `encoding` of the dataset, or leave it out for UTF-8.',
      at: name,
    })
  }
}
