/** What speaks S3; apart from the rest, since only who has bytes there needs it. */
export { blobKey } from './s3-blob-store.ts'
export { createS3Client } from './s3-client.ts'
export { s3LocationOf, type S3Location } from './s3-location.ts'
export { uploadBlobFile } from './s3-multipart.ts'
