import { join } from 'node:path'
import { DevmlopsError, fail } from '#contract/errors'
import type { BlobStore, Digest, StoredBlob } from './blob-store.ts'
import { isDigest } from './blob-store.ts'
import { fileBlobStore, missing, verified } from './file-blob-store.ts'
import { createS3Client } from './s3-client.ts'
import type { S3Location } from './s3-location.ts'
import { uploadBlobFile } from './s3-multipart.ts'

export type { S3Location } from './s3-location.ts'

/** Well below the youngest age at which anything is reclaimed. */
const youngMs = 30 * 60_000

/**
 * Blobs in an S3-compatible store, one object a digest, with a local folder as cache. Bytes are hashed into the cache
 * first, since S3 wants the length and the digest before the body; an upload is named only when it is whole.
 */
export function s3BlobStore(
  location: S3Location,
  cacheDirectory: string,
  { partBytes, ...options }: { readonly firstPauseMs?: number; readonly partBytes?: number } = {},
): BlobStore {
  const client = createS3Client(location, options)
  const cache = fileBlobStore(join(cacheDirectory, 'blobs'))
  const keyOf = (digest: Digest): string => blobKey(location.prefix, digest)

  const head = async (digest: Digest): Promise<StoredBlob | undefined> => {
    const found = await client.head(keyOf(digest))
    return found === undefined ? undefined : { digest, sizeBytes: found.sizeBytes }
  }

  const upload = async (blob: StoredBlob): Promise<StoredBlob> => {
    const there = await client.head(keyOf(blob.digest))
    // What is old may be about to be reclaimed; sent again, it is young.
    if (there?.sizeBytes === blob.sizeBytes && Date.now() - there.changedAt < youngMs) return blob
    return transfer(blob)
  }

  const transfer = async (blob: StoredBlob): Promise<StoredBlob> => {
    const path = await cache.localPath(blob.digest)
    const sizes = partBytes === undefined ? {} : { partBytes }
    await uploadBlobFile(client, { key: keyOf(blob.digest), path, blob }, sizes)
    return blob
  }

  const download = async (digest: Digest): Promise<void> => {
    const body = (await client.get(keyOf(digest))) ?? missing(digest)
    await cache.put(verified(body, digest))
  }

  const fetchToCache = async (digest: Digest): Promise<void> => {
    if ((await cache.head(digest)) === undefined) await download(digest)
  }

  const { intake } = cache
  return {
    head,
    ...(intake === undefined
      ? {}
      : {
          intake: {
            ...intake,
            take: async (path, blob) => {
              await intake.take(path, blob)
              await upload(blob)
            },
          },
        }),
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
      await client.remove(keyOf(digest))
    },
    removeOlder: async (digest, before) => {
      const there = await client.head(keyOf(digest))
      if (there === undefined || there.changedAt >= before) return false
      await cache.remove(digest)
      await client.remove(keyOf(digest))
      return true
    },
    renew: async (digest) => {
      const there = await client.head(keyOf(digest))
      if (there === undefined || Date.now() - there.changedAt < youngMs) return
      await fetchToCache(digest)
      await transfer({ digest, sizeBytes: there.sizeBytes })
    },
    list: async function* () {
      for await (const { key, sizeBytes, changedAt } of client.list(`${location.prefix}sha256/`)) {
        const digest = `sha256:${key.slice(location.prefix.length + 'sha256/'.length).replace('/', '')}`
        if (isDigest(digest)) yield { digest, sizeBytes, changedAt }
      }
    },
  }
}

/** Below a prefix, as in a folder: `sha256/ab/cdef…`. */
export function blobKey(prefix: string, digest: Digest): string {
  if (!isDigest(digest))
    fail('invalid_input', `"${String(digest)}" is not a digest of the form sha256:<64 hex digits>.`)
  return `${prefix}sha256/${digest.slice(7, 9)}/${digest.slice(9)}`
}
