import { rm } from 'node:fs/promises'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { formatDuration } from '#contract/units'
import { spoolBytes } from './spool.ts'

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
  readonly headers?: Readonly<Record<string, string>> | undefined
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
  const headers: Record<string, string> = { ...request.headers }
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
    const path = await spoolBytes(response.body, { ...request, name: url })
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
