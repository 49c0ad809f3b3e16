import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DevmlopsError } from '#contract/errors'
import { formatBytes } from '#contract/units'

export interface SpoolOptions {
  /** Folder for bytes on their way. */
  readonly spool: string
  /** What errors call the bytes. */
  readonly name: string
  readonly maximumSizeBytes: number
  readonly signal?: AbortSignal | undefined
}

/** Brings bytes to the disk without holding them in memory. Answers the path; what fails leaves nothing behind. */
export async function spoolBytes(body: AsyncIterable<Uint8Array>, options: SpoolOptions): Promise<string> {
  const { name, maximumSizeBytes, signal } = options
  const path = await spoolPath(options.spool)
  let sizeBytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length
      if (sizeBytes <= maximumSizeBytes) return done(null, chunk)
      return done(
        new DevmlopsError('payload_too_large', `${name} is larger than ${formatBytes(maximumSizeBytes)}.`, {
          hint: 'Raise `maximum_size` of the source if that is expected.',
          at: name,
        }),
      )
    },
  })
  try {
    const target = createWriteStream(path, { flags: 'wx', mode: 0o600 })
    await pipeline(Readable.from(body), limit, target, signal === undefined ? {} : { signal })
    return path
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** A path for a new file in the spool. */
export async function spoolPath(spool: string, ending = ''): Promise<string> {
  await mkdir(spool, { recursive: true, mode: 0o700 })
  await removeLeftovers(spool)
  return join(spool, `${randomUUID()}${ending}`)
}

/** A process that was killed leaves its half files behind; nobody needs them a day later. */
async function removeLeftovers(spool: string): Promise<void> {
  const oldestMs = Date.now() - 86_400_000
  for (const name of await readdir(spool)) {
    const path = join(spool, name)
    const found = await stat(path).catch(() => undefined)
    if (found?.isFile() === true && found.mtimeMs < oldestMs) await rm(path, { force: true })
  }
}
