import { createHash } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { DevmlopsError, fail } from '#contract/errors'
import { releasing } from '../chunk.ts'
import { fileChunks } from './blob-file.ts'
import type { StoredBlob } from './blob-store.ts'
import { elementOf, escaped, type S3Client } from './s3-client.ts'

/**
 * What is larger goes in parts of this size. S3 takes one request up to 5 GB; but what was sent before a line broke need not
 * be sent again. Of all parts but the last it wants 5 MiB at least.
 */
const usualPartBytes = 64 * 1024 * 1024
/** S3 takes 10,000. */
const mostParts = 9000

interface SentPart {
  readonly number: number
  readonly etag: string
  readonly sizeBytes: number
}

/**
 * Uploads a file, whose digest is known, so that the object is there whole or not at all. A large one goes in parts: an
 * upload that broke off is taken up again where it was, also by another process. The store checks every part, and the
 * parts together are hashed before they become the object.
 *
 * @throws storage_corrupt when the file is not what its digest says.
 */
export async function uploadBlobFile(
  client: S3Client,
  { key, path, blob }: { readonly key: string; readonly path: string; readonly blob: StoredBlob },
  {
    onSent,
    partBytes = usualPartBytes,
  }: { readonly onSent?: (bytes: number) => void; readonly partBytes?: number } = {},
): Promise<void> {
  const { digest, sizeBytes } = blob
  // Not a stream: its length is known, which S3 asks for, and it can be sent again.
  const file = await openAsBlob(path)
  if (sizeBytes <= partBytes) {
    await client.put(key, file, { sha256: digest.slice('sha256:'.length) })
    onSent?.(sizeBytes)
    return
  }
  const upload = (await openUpload(client, key)) ?? { id: await beginUpload(client, key), parts: [] }
  const size = Math.max(partBytes, Math.ceil(sizeBytes / mostParts))
  const whole = createHash('sha256')
  const parts: SentPart[] = []
  for (let number = 1, first = 0; first < sizeBytes; number++, first += size) {
    const last = Math.min(first + size, sizeBytes) - 1
    const [sha256, md5] = [createHash('sha256'), createHash('md5')]
    for await (const chunk of releasing(fileChunks(path, { first, last }))) {
      for (const hash of [whole, sha256, md5]) hash.update(chunk)
    }
    const etag = `"${md5.digest('hex')}"`
    const length = last - first + 1
    // Stores that encrypt have other tags; then the part is sent again.
    const there = upload.parts.find((part) => part.number === number)
    if (there?.etag === etag && there.sizeBytes === length) parts.push(there)
    else {
      const query = `partNumber=${number}&uploadId=${encodeURIComponent(upload.id)}`
      const sent = await client.request('PUT', `${escaped(key)}?${query}`, {
        body: file.slice(first, last + 1),
        headers: { 'x-amz-content-sha256': sha256.digest('hex') },
      })
      parts.push({ number, etag: sent.headers.get('etag') ?? etag, sizeBytes: length })
    }
    onSent?.(length)
  }
  const at = `${escaped(key)}?uploadId=${encodeURIComponent(upload.id)}`
  if (`sha256:${whole.digest('hex')}` !== digest) {
    await client.request('DELETE', at)
    fail('storage_corrupt', `The stored bytes of ${digest} have changed; they were not uploaded.`, {
      hint: 'The disk or someone altered the file; restore it from a copy.',
    })
  }
  await completeUpload(client, { at, key, parts })
}

/** The newest upload of that key that did not end. */
async function openUpload(
  client: S3Client,
  key: string,
): Promise<{ readonly id: string; readonly parts: readonly SentPart[] } | undefined> {
  const { text } = await client.request('GET', `?uploads&prefix=${encodeURIComponent(key)}`)
  const uploads = [...text.matchAll(/<Upload>([\s\S]*?)<\/Upload>/g)].flatMap(([, content = '']) => {
    const id = elementOf(content, 'UploadId')
    return elementOf(content, 'Key') === key && id !== undefined
      ? [{ id, at: elementOf(content, 'Initiated') ?? '' }]
      : []
  })
  const newest = uploads.toSorted((left, right) => (left.at < right.at ? 1 : -1))[0]
  if (newest === undefined) return undefined
  const parts: SentPart[] = []
  let marker: string | undefined = '0'
  while (marker !== undefined) {
    const query = `uploadId=${encodeURIComponent(newest.id)}&part-number-marker=${marker}`
    const page: string = (await client.request('GET', `${escaped(key)}?${query}`)).text
    for (const [, content = ''] of page.matchAll(/<Part>([\s\S]*?)<\/Part>/g)) {
      parts.push({
        number: Number(elementOf(content, 'PartNumber')),
        etag: elementOf(content, 'ETag') ?? '',
        sizeBytes: Number(elementOf(content, 'Size')),
      })
    }
    marker = elementOf(page, 'IsTruncated') === 'true' ? elementOf(page, 'NextPartNumberMarker') : undefined
  }
  return { id: newest.id, parts }
}

async function beginUpload(client: S3Client, key: string): Promise<string> {
  const { text } = await client.request('POST', `${escaped(key)}?uploads`)
  return (
    elementOf(text, 'UploadId') ?? fail('server_unreachable', 'S3 began an upload without a name for it.')
  )
}

async function completeUpload(
  client: S3Client,
  { at, key, parts }: { readonly at: string; readonly key: string; readonly parts: readonly SentPart[] },
): Promise<void> {
  const list = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
  const sha256 = createHash('sha256').update(body).digest('hex')
  try {
    const { text } = await client.request('POST', at, { body, headers: { 'x-amz-content-sha256': sha256 } })
    // S3 may answer 200 and then find out that it failed.
    if (!text.includes('<Error>')) return
    fail('server_unreachable', `S3 did not put the parts together: ${elementOf(text, 'Code') ?? 'unknown'}.`)
  } catch (error) {
    // An answer that was lost: the upload is gone, because it has ended.
    const ended = error instanceof DevmlopsError && error.message.includes('404 NoSuchUpload')
    if (!ended || (await client.head(key)) === undefined) throw error
  }
}
