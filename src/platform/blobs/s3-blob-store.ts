import { openAsBlob } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { AwsClient } from 'aws4fetch'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { BlobStore, Digest, StoredBlob } from './blob-store.ts'
import { isDigest } from './blob-store.ts'
import { fileBlobStore, missing, verified } from './file-blob-store.ts'

export interface S3Location {
  readonly endpoint: string
  readonly bucket: string
  /** Empty, or ends with a slash. */
  readonly prefix: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

const attempts = 4
/** Well below the youngest age at which anything is reclaimed. */
const youngMs = 30 * 60_000

/**
 * Blobs in an S3-compatible store, one object a digest, with a local folder as cache. Bytes are hashed into the cache
 * first, since S3 wants the length and the digest before the body; an upload is named only when it is whole. One request
 * uploads a blob, which S3 allows up to 5 GB.
 */
export function s3BlobStore(
  location: S3Location,
  cacheDirectory: string,
  { firstPauseMs = 200 }: { readonly firstPauseMs?: number } = {},
): BlobStore {
  const client = new AwsClient({ ...location, service: 's3', retries: 0 })
  const cache = fileBlobStore(join(cacheDirectory, 'blobs'))
  const base = `${location.endpoint}/${location.bucket}`
  const keyOf = (digest: Digest): string => {
    if (!isDigest(digest))
      fail('invalid_input', `"${String(digest)}" is not a digest of the form sha256:<64 hex digits>.`)
    return `${location.prefix}sha256/${digest.slice(7, 9)}/${digest.slice(9)}`
  }

  const once = async (method: string, path: string, init: RequestInit): Promise<Response | DevmlopsError> => {
    try {
      const response = await client.fetch(`${base}/${path}`, { ...init, method })
      // A missing object is an answer; a missing bucket, which only an upload can tell from it, is not.
      if (response.ok || (response.status === 404 && method !== 'PUT')) return response
      const [, code = ''] = /<Code>(\w+)<\/Code>/.exec(await response.text()) ?? []
      if (response.status >= 500 || response.status === 429) return refused(response.status, code)
      throw refused(response.status, code)
    } catch (error) {
      if (error instanceof DevmlopsError) throw error
      return new DevmlopsError('server_unreachable', `No S3 answers at ${base}: ${causeOf(error)}.`, {
        hint: 'Check AWS_ENDPOINT_URL, the bucket in DEVMLOPS_BLOBS and the network.',
        cause: error,
      })
    }
  }

  const refused = (status: number, code: string): DevmlopsError =>
    new DevmlopsError(
      status === 403 || status === 401 ? 'permission_denied' : 'server_unreachable',
      `S3 at ${base} answered ${status}${code === '' ? '' : ` ${code}`}.`,
      { hint: 'Check the bucket, the endpoint and the credentials in the environment.' },
    )

  /** Tries again what failed on the way or on the other side; everything here can be repeated without harm. */
  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      const answer = await once(method, path, init)
      if (answer instanceof Response) return answer
      if (attempt === attempts) throw answer
      await pause(firstPauseMs * 2 ** (attempt - 1))
    }
  }

  const head = async (digest: Digest): Promise<StoredBlob | undefined> => {
    const response = await send('HEAD', keyOf(digest))
    return response.status === 404
      ? undefined
      : { digest, sizeBytes: Number(response.headers.get('content-length')) }
  }

  const upload = async (blob: StoredBlob): Promise<StoredBlob> => {
    const there = await send('HEAD', keyOf(blob.digest))
    const isSame = there.ok && Number(there.headers.get('content-length')) === blob.sizeBytes
    // What is old may be about to be reclaimed; sent again, it is young.
    if (isSame && Date.now() - changedAt(there) < youngMs) return blob
    return transfer(blob)
  }

  const transfer = async (blob: StoredBlob): Promise<StoredBlob> => {
    // Not a stream: its length is known, which S3 asks for, and it can be sent again.
    const body = await openAsBlob(await cache.localPath(blob.digest))
    await send('PUT', keyOf(blob.digest), {
      body,
      headers: { 'x-amz-content-sha256': blob.digest.slice('sha256:'.length) },
    })
    return blob
  }

  const download = async (digest: Digest): Promise<void> => {
    const response = await send('GET', keyOf(digest))
    if (response.status === 404 || response.body === null) missing(digest)
    await cache.put(verified(response.body, digest))
  }

  const fetchToCache = async (digest: Digest): Promise<void> => {
    if ((await cache.head(digest)) === undefined) await download(digest)
  }

  return {
    head,
    put: async (content) => upload(await cache.put(content)),
    putFile: async (path) => upload(await cache.putFile(path)),
    get: async (digest) => {
      await fetchToCache(digest)
      try {
        return await cache.get(digest)
      } catch (error) {
        if (!(error instanceof DevmlopsError && error.code === 'storage_corrupt')) throw error
        // Only the copy here is damaged.
        await download(digest)
        return cache.get(digest)
      }
    },
    stream: async (digest, range) => {
      await fetchToCache(digest)
      return cache.stream(digest, range)
    },
    localPath: async (digest) => {
      await fetchToCache(digest)
      return cache.localPath(digest)
    },
    remove: async (digest) => {
      await cache.remove(digest)
      await send('DELETE', keyOf(digest))
    },
    removeOlder: async (digest, before) => {
      const there = await send('HEAD', keyOf(digest))
      if (!there.ok || changedAt(there) >= before) return false
      await cache.remove(digest)
      await send('DELETE', keyOf(digest))
      return true
    },
    renew: async (digest) => {
      const there = await send('HEAD', keyOf(digest))
      if (!there.ok || Date.now() - changedAt(there) < youngMs) return
      await fetchToCache(digest)
      await transfer({ digest, sizeBytes: Number(there.headers.get('content-length')) })
    },
    list: async function* () {
      let token: string | undefined
      do {
        const query = new URLSearchParams({ 'list-type': '2', prefix: `${location.prefix}sha256/` })
        if (token !== undefined) query.set('continuation-token', token)
        const text = await (await send('GET', `?${query.toString()}`)).text()
        for (const [, content = ''] of text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
          const key = /<Key>([^<]+)</.exec(content)?.[1] ?? ''
          const digest = `sha256:${key.slice(location.prefix.length + 'sha256/'.length).replace('/', '')}`
          const sizeBytes = Number(/<Size>(\d+)</.exec(content)?.[1] ?? 0)
          const time = Date.parse(/<LastModified>([^<]+)</.exec(content)?.[1] ?? '')
          if (isDigest(digest)) yield { digest, sizeBytes, changedAt: Number.isNaN(time) ? Date.now() : time }
        }
        token = /<NextContinuationToken>([^<]+)</.exec(text)?.[1]
      } while (token !== undefined)
    },
  }
}

/** A store that does not say when is taken to mean now: what may be young is never removed. */
function changedAt(response: Response): number {
  const time = Date.parse(response.headers.get('last-modified') ?? '')
  return Number.isNaN(time) ? Date.now() : time
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  return messageOf(cause ?? error)
}
