import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { BlobStore } from './blob-store.ts'
import { fileBlobStore } from './file-blob-store.ts'
import { s3LocationOf } from './s3-location.ts'

export {
  isDigest,
  type BlobIntake,
  type BlobStore,
  type BlobUploads,
  type ByteRange,
  type ListedBlob,
  type UploadedPart,
  type Digest,
  type StoredBlob,
} from './blob-store.ts'
export { createDigestSet, type DigestSet } from './digest-set.ts'
export { reclaimBlobs, type ReclaimedBlobs } from './reclaim-blobs.ts'
export { s3FilesBelow, type S3File } from './s3-files.ts'
export { fileChunks, writeSynced } from './blob-file.ts'
export { digestOf, fileBlobStore, missing, verified } from './file-blob-store.ts'

/** The blob store that the configuration names: a folder in the home folder, or `s3://bucket/prefix`. */
export async function openBlobs(config: Pick<Config, 'home' | 'blobs'>): Promise<BlobStore> {
  if (config.blobs === undefined) return fileBlobStore(join(config.home, 'blobs'))
  const { s3BlobStore } = await import('./s3-blob-store.ts')
  return s3BlobStore(s3LocationOf(config.blobs, 'DEVMLOPS_BLOBS'), join(config.home, 'cache'))
}
