import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { formatBytes, formatDuration } from '#contract/units'

/** What a server said about the bytes it last sent, to ask whether there are newer ones (RFC 9110, section 13.1). */
export interface Validators {
  readonly etag?: string | undefined
  readonly lastModified?: string | undefined
}

export interface DownloadRequest {
  readonly url: string
  readonly timeoutMs: number
  readonly maximumSizeBytes: number
  /** Folder for bytes on their way. */
  readonly spool: string
  readonly known?: Validators | undefined
}

export type Downloaded =
  | { readonly changed: false }
  | {
      readonly changed: true
      readonly path: string
      readonly validators: Validators
      readonly contentType: string | undefined
      /** Removes the local copy. */
      remove(): Promise<void>
    }

/** Brings a file to the disk without holding it in memory, or learns that it is the one that was fetched last time. */
export async function download(request: DownloadRequest): Promise<Downloaded> {
  const { url, timeoutMs, known } = request
  const headers: Record<string, string> = {}
  if (known?.etag !== undefined) headers['if-none-match'] = known.etag
  if (known?.lastModified !== undefined) headers['if-modified-since'] = known.lastModified
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const response = await fetch(url, { headers, signal })
    if (response.status === 304) return { changed: false }
    if (!response.ok || response.body === null) {
      await response.body?.cancel()
      refuse(url, response.status)
    }
    const path = await spoolOf(request, response)
    return {
      changed: true,
      path,
      validators: {
        etag: response.headers.get('etag') ?? undefined,
        lastModified: response.headers.get('last-modified') ?? undefined,
      },
      contentType: response.headers.get('content-type') ?? undefined,
      remove: () => rm(path, { force: true }),
    }
  } catch (error) {
    throw explain(error, request, signal.aborted)
  }
}

async function spoolOf(
  { spool, url, maximumSizeBytes }: DownloadRequest,
  response: Response,
): Promise<string> {
  await mkdir(spool, { recursive: true, mode: 0o700 })
  await removeLeftovers(spool)
  const path = join(spool, randomUUID())
  let sizeBytes = 0
  const limit = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sizeBytes += chunk.length
      if (sizeBytes <= maximumSizeBytes) return done(null, chunk)
      return done(
        new DevmlopsError('payload_too_large', `${url} is larger than ${formatBytes(maximumSizeBytes)}.`, {
          hint: 'Raise `maximum_size` of the source if that is expected.',
          at: url,
        }),
      )
    },
  })
  try {
    const body = Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0])
    await pipeline(body, limit, createWriteStream(path, { flags: 'wx', mode: 0o600 }))
    return path
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** A process that was killed leaves its half download behind; nobody needs it a day later. */
async function removeLeftovers(spool: string): Promise<void> {
  const oldestMs = Date.now() - 86_400_000
  for (const name of await readdir(spool)) {
    const path = join(spool, name)
    const found = await stat(path).catch(() => undefined)
    if (found !== undefined && found.mtimeMs < oldestMs) await rm(path, { force: true })
  }
}

function refuse(url: string, status: number): never {
  const message = `${url} answered with HTTP ${status}.`
  if (status === 404 || status === 410)
    return fail('not_found', message, { hint: 'Check the address.', at: url })
  if (status === 401 || status === 403) {
    return fail('permission_denied', message, {
      hint: 'Check that it may be read without signing in.',
      at: url,
    })
  }
  if (status === 429)
    return fail('rate_limited', message, { hint: 'Wait, then run the command again.', at: url })
  return fail('server_unreachable', message, { hint: 'Run the command again later.', at: url })
}

function explain(error: unknown, { url, timeoutMs }: DownloadRequest, timedOut: boolean): unknown {
  if (error instanceof DevmlopsError) return error
  if (timedOut) {
    return new DevmlopsError('timed_out', `${url} did not arrive within ${formatDuration(timeoutMs)}.`, {
      hint: 'Raise `timeout` of the source, or run the command again.',
      at: url,
      cause: error,
    })
  }
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
    return new DevmlopsError('storage_full', `The disk is full: ${url} does not fit.`, {
      hint: 'Free space on the disk of the home folder, then run the command again.',
      cause: error,
    })
  }
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return new DevmlopsError('server_unreachable', `${url} could not be fetched: ${messageOf(cause)}.`, {
    hint: 'Check the address and the network, then run the command again.',
    at: url,
    cause: error,
  })
}
