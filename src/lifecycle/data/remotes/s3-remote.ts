import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { blobKey, createS3Client, s3LocationOf, uploadBlobFile, type S3Location } from '#platform/blobs/s3'
import { documentText, readDocument } from './version-document.ts'
import type { Remote } from './remote.ts'
import { documentName, documentNumber } from './document-name.ts'

/** A prefix of a bucket, with the credentials of the environment. */
export function s3Remote(url: string): Remote {
  return s3RemoteAt(s3LocationOf(url, 'The remote'))
}

export function s3RemoteAt(location: S3Location, options?: Parameters<typeof createS3Client>[1]): Remote {
  const client = createS3Client(location, options)
  const { bucket, prefix } = location
  const url = `s3://${bucket}/${prefix}`.replace(/\/$/, '')
  const keyOf = (path: string): string => `${prefix}${path}`

  return {
    name: url,
    datasets: async () => {
      const names = new Set<string>()
      const start = keyOf('datasets/')
      for await (const { key } of client.list(start)) names.add(key.slice(start.length).split('/')[0] ?? '')
      return [...names].filter((name) => name !== '').sort()
    },
    versions: async (dataset) => {
      const numbers: number[] = []
      const start = keyOf(`datasets/${dataset}/`)
      for await (const { key } of client.list(start)) {
        const number = documentNumber(key.slice(start.length))
        if (number !== undefined) numbers.push(number)
      }
      return numbers.sort((left, right) => left - right)
    },
    document: async ({ dataset, version }) => {
      const key = keyOf(documentName(dataset, version))
      const body = await client.get(key)
      if (body === undefined) return undefined
      return readDocument((await buffer(Readable.from(body))).toString(), `s3://${bucket}/${key}`)
    },
    read: (digest, _place, range) => client.get(blobKey(prefix, digest), range),
    writing: {
      has: async (digest) => (await client.head(blobKey(prefix, digest))) !== undefined,
      send: (blob, path, onSent) =>
        uploadBlobFile(client, { key: blobKey(prefix, blob.digest), path, blob }, { onSent }),
      addDocument: async (document) => {
        const bytes = new TextEncoder().encode(documentText(document))
        const sha256 = createHash('sha256').update(bytes).digest('hex')
        const { dataset, version } = document.version
        return client.put(keyOf(documentName(dataset, version)), bytes, { sha256, onlyIfAbsent: true })
      },
    },
  }
}
