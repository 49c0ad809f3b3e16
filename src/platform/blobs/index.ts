import { join } from 'node:path'
import { fail } from '#contract/errors'
import { environmentVariable, type Config } from '../config.ts'
import type { BlobStore } from './blob-store.ts'
import { fileBlobStore } from './file-blob-store.ts'

export {
  isDigest,
  type BlobStore,
  type BlobUploads,
  type ByteRange,
  type ListedBlob,
  type UploadedPart,
  type Digest,
  type StoredBlob,
} from './blob-store.ts'
export { reclaimBlobs, type ReclaimedBlobs } from './reclaim-blobs.ts'
export { s3FilesBelow, type S3File } from './s3-files.ts'
export { digestOf, fileBlobStore } from './file-blob-store.ts'

/** The blob store that the configuration names: a folder in the home folder, or `s3://bucket/prefix`. */
export async function openBlobs(config: Pick<Config, 'home' | 'blobs'>): Promise<BlobStore> {
  if (config.blobs === undefined) return fileBlobStore(join(config.home, 'blobs'))
  // Only characters that need no escape, neither in a URL nor in the XML of a listing.
  const match = /^s3:\/\/([a-z0-9.-]+)\/?([\w./-]*)$/.exec(config.blobs)
  if (match === null) {
    return fail(
      'invalid_input',
      `DEVMLOPS_BLOBS is "${config.blobs}"; it is s3://bucket or s3://bucket/prefix.`,
    )
  }
  const { s3BlobStore } = await import('./s3-blob-store.ts')
  const region = environmentVariable('AWS_REGION') ?? 'us-east-1'
  const sessionToken = environmentVariable('AWS_SESSION_TOKEN')
  const location = {
    endpoint: (environmentVariable('AWS_ENDPOINT_URL') ?? `https://s3.${region}.amazonaws.com`).replace(
      /\/$/,
      '',
    ),
    bucket: match[1] as string,
    prefix: match[2] === '' || match[2] === undefined ? '' : `${match[2].replace(/\/$/, '')}/`,
    region,
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  }
  return s3BlobStore(location, join(config.home, 'cache'))
}

function required(name: string): string {
  return (
    environmentVariable(name) ??
    fail('invalid_input', `${name} is not set.`, { hint: 'Blobs in S3 need credentials in the environment.' })
  )
}
