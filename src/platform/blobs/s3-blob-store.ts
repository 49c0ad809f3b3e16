import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { fail } from '#contract/errors'
import type { BlobStore, Digest, StoredBlob } from './blob-store.ts'
import { isDigest } from './blob-store.ts'
import { fileBlobStore, missing, verified } from './file-blob-store.ts'

export interface S3Location {
  readonly endpoint: string
  readonly bucket: string
  readonly prefix: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/**
 * Blobs in an S3-compatible store, one object a digest, with a local folder as cache. Bytes are hashed into the cache
 * first, since S3 wants the length and the signature before the body; an upload is named only when it is whole.
 */
export function s3BlobStore(location: S3Location, cacheDirectory: string): BlobStore {
  const client = new AwsClient({ ...location, service: 's3', retries: 3 })
  const cache = fileBlobStore(join(cacheDirectory, 'blobs'))
  const base = `${location.endpoint}/${location.bucket}`
  const keyOf = (digest: Digest): string => {
    if (!isDigest(digest))
      fail('invalid_input', `"${String(digest)}" is not a digest of the form sha256:<64 hex digits>.`)
    return `${location.prefix}sha256/${digest.slice(7, 9)}/${digest.slice(9)}`
  }

  const send = async (method: string, path: string, init: RequestInit = {}): Promise<Response> => {
    const response = await client.fetch(`${base}/${path}`, { ...init, method })
    if (response.ok || response.status === 404) return response
    return fail('server_unreachable', `S3 answered ${response.status} to ${method} ${path}.`, {
      hint: 'Check the bucket, the endpoint and the credentials in the environment.',
    })
  }

  const head = async (digest: Digest): Promise<StoredBlob | undefined> => {
    const response = await send('HEAD', keyOf(digest))
    return response.status === 404
      ? undefined
      : { digest, sizeBytes: Number(response.headers.get('content-length')) }
  }

  const upload = async (blob: StoredBlob): Promise<StoredBlob> => {
    if ((await head(blob.digest)) !== undefined) return blob
    const body = createReadStream(await cache.localPath(blob.digest))
    const headers = { 'content-length': String(blob.sizeBytes), 'x-amz-content-sha256': blob.digest.slice(7) }
    await send('PUT', keyOf(blob.digest), { body, headers, duplex: 'half' } as unknown as RequestInit)
    return blob
  }

  const fetchToCache = async (digest: Digest): Promise<void> => {
    if ((await cache.head(digest)) !== undefined) return
    const response = await send('GET', keyOf(digest))
    if (response.status === 404 || response.body === null) missing(digest)
    await cache.put(verified(response.body, digest))
  }

  return {
    head,
    put: async (content) => upload(await cache.put(content)),
    putFile: async (path) => upload(await cache.putFile(path)),
    get: async (digest) => {
      await fetchToCache(digest)
      return cache.get(digest)
    },
    stream: async (digest) => {
      await fetchToCache(digest)
      return cache.stream(digest)
    },
    localPath: async (digest) => {
      await fetchToCache(digest)
      return cache.localPath(digest)
    },
    remove: async (digest) => {
      await cache.remove(digest)
      await send('DELETE', keyOf(digest))
    },
    list: async function* () {
      let token: string | undefined
      do {
        const query = new URLSearchParams({ 'list-type': '2', prefix: `${location.prefix}sha256/` })
        if (token !== undefined) query.set('continuation-token', token)
        const text = await (await send('GET', `?${query.toString()}`)).text()
        for (const [, key, size] of text.matchAll(/<Key>([^<]+)<\/Key>[\s\S]*?<Size>(\d+)<\/Size>/g)) {
          const digest = `sha256:${(key as string).slice(location.prefix.length + 7).replace('/', '')}`
          if (isDigest(digest)) yield { digest, sizeBytes: Number(size) }
        }
        token = /<NextContinuationToken>([^<]+)</.exec(text)?.[1]
      } while (token !== undefined)
    },
  }
}
