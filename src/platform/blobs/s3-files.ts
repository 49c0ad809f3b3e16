import { fail } from '#contract/errors'
import { environmentVariable } from '../config.ts'
import { s3Access, type S3Location } from './s3-location.ts'

/** An object below a prefix of somebody's bucket. */
export interface S3File {
  /** Relative to the prefix. */
  readonly path: string
  readonly sizeBytes: number
  readonly changedAt: number
  /** Changes with the bytes. */
  readonly etag: string
  open(): Promise<AsyncIterable<Uint8Array>>
}

/** The objects below `s3://bucket/prefix`, with the credentials of the environment; undefined without any. */
export function s3FilesBelow(uri: string): AsyncIterable<S3File> | undefined {
  const accessKeyId = environmentVariable('AWS_ACCESS_KEY_ID')
  const secretAccessKey = environmentVariable('AWS_SECRET_ACCESS_KEY')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  const [, bucket = '', path = ''] = /^s3a?:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? []
  if (bucket === '') fail('invalid_input', `"${uri}" is no s3://bucket/prefix.`)
  const prefix = path === '' ? '' : path.replace(/\/?$/, '/')
  const access = s3Access(['MLFLOW_S3_ENDPOINT_URL', 'AWS_ENDPOINT_URL'])
  return listed({ ...access, bucket, prefix, accessKeyId, secretAccessKey })
}

async function* listed(location: S3Location): AsyncIterable<S3File> {
  // Only who has bytes in S3 needs it.
  const { createS3Client } = await import('./s3-client.ts')
  const client = createS3Client(location)
  for await (const { key, sizeBytes, changedAt, etag } of client.list(location.prefix)) {
    const path = key.slice(location.prefix.length)
    if (path === '' || path.endsWith('/')) continue
    yield {
      path,
      sizeBytes,
      changedAt,
      etag,
      open: async () => (await client.get(key)) ?? fail('not_found', `S3 has no ${key} any more.`),
    }
  }
}
