import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { S3Location } from './s3-location.ts'

const pageSize = 2

export interface FixtureS3 {
  readonly location: S3Location
  readonly objects: Map<string, Buffer>
  /** When each object was stored, in epoch milliseconds. */
  readonly changedAt: Map<string, number>
  readonly requests: string[]
  /** How many of the next requests are answered 503 Slow Down. */
  busy: number
  /** After so many more requests every connection breaks, until it is undefined again. */
  diesAfter: number | undefined
  /** Parts of uploads that have not ended, by upload and number. */
  readonly uploads: Map<string, { readonly key: string; readonly parts: Map<number, Buffer> }>
  close(): Promise<void>
}

/**
 * A stand-in for a service outside of this machine: enough of the S3 protocol to store (whole, in parts, or only where
 * nothing is), fetch, list in pages and delete, and as strict as the real one about signatures (Signature Version 4), lengths and digests.
 */
export async function fixtureS3({ bucket = 'models', prefix = 'team/' } = {}): Promise<FixtureS3> {
  const objects = new Map<string, Buffer>()
  const credentials = { accessKeyId: 'AKEXAMPLE', secretAccessKey: 'example-secret', region: 'eu-central-1' }
  const fixture = {
    objects,
    changedAt: new Map<string, number>(),
    requests: [] as string[],
    busy: 0,
    diesAfter: undefined as number | undefined,
    uploads: new Map<string, { key: string; parts: Map<number, Buffer> }>(),
  }
  const server = createServer((request, response) => {
    if (fixture.diesAfter !== undefined && fixture.diesAfter-- <= 0) {
      fixture.diesAfter = 0
      return void request.socket.destroy()
    }
    // A client that dies in the middle of a body has sent nothing.
    const received = buffer(request).catch(() => undefined)
    void received.then((body) => {
      if (body === undefined) return
      const answer = answerOf(request, body)
      response.writeHead(answer.status, answer.headers)
      response.end(request.method === 'HEAD' ? undefined : answer.body)
    })
  })

  const timeOf = (key: string): Date => new Date(fixture.changedAt.get(key) ?? Date.now())

  const answerOf = (request: IncomingMessage, body: Buffer) => {
    fixture.requests.push(`${request.method} ${request.url}`)
    if (fixture.busy > 0) {
      fixture.busy -= 1
      return problem(503, 'SlowDown')
    }
    const url = new URL(request.url ?? '', 'http://s3')
    if (!isSigned(request, url, credentials)) return problem(403, 'SignatureDoesNotMatch')
    const [, name, key = ''] = /^\/([^/]+)\/(.*)$/.exec(url.pathname) ?? []
    if (name !== bucket) return problem(404, 'NoSuchBucket')
    if (request.method === 'PUT') {
      if (request.headers['content-length'] === undefined) return problem(411, 'MissingContentLength')
      const digest = createHash('sha256').update(body).digest('hex')
      if (request.headers['x-amz-content-sha256'] !== digest) return problem(400, 'XAmzContentSHA256Mismatch')
      if (url.searchParams.has('uploadId')) return multipart(request, url, { key, body })
      if (request.headers['if-none-match'] === '*' && objects.has(key)) {
        return problem(412, 'PreconditionFailed')
      }
      objects.set(key, body)
      fixture.changedAt.set(key, Date.now())
      return { status: 200, headers: {}, body: '' }
    }
    if (url.searchParams.has('uploads') || url.searchParams.has('uploadId')) {
      return multipart(request, url, { key, body })
    }
    if (request.method === 'DELETE') {
      objects.delete(key)
      return { status: 204, headers: {}, body: '' }
    }
    if (key === '') return { status: 200, headers: {}, body: listing(objects, url.searchParams, timeOf) }
    const found = objects.get(key)
    if (found === undefined) return problem(404, 'NoSuchKey')
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    const part = first === undefined ? found : found.subarray(Number(first), Number(last) + 1)
    const headers = { 'content-length': part.length, 'last-modified': timeOf(key).toUTCString() }
    return { status: first === undefined ? 200 : 206, headers, body: part }
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html */
  const multipart = (request: IncomingMessage, url: URL, { key, body }: { key: string; body: Buffer }) => {
    const ok = (xml: string, headers = {}) => ({ status: 200, headers, body: xml })
    const query = url.searchParams
    if (query.has('uploads')) {
      if (request.method === 'POST') {
        const id = `upload-${fixture.requests.length}`
        fixture.uploads.set(id, { key, parts: new Map() })
        return ok(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`)
      }
      const found = [...fixture.uploads].filter(([, upload]) =>
        upload.key.startsWith(query.get('prefix') ?? ''),
      )
      const listed = found.map(
        ([id, upload]) =>
          `<Upload><Key>${upload.key}</Key><UploadId>${id}</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated></Upload>`,
      )
      return ok(`<ListMultipartUploadsResult>${listed.join('')}</ListMultipartUploadsResult>`)
    }
    const id = query.get('uploadId') ?? ''
    const upload = fixture.uploads.get(id)
    if (upload === undefined) return problem(404, 'NoSuchUpload')
    if (request.method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body)
      return ok('', { etag: etagOf(body) })
    }
    if (request.method === 'DELETE') {
      fixture.uploads.delete(id)
      return { status: 204, headers: {}, body: '' }
    }
    if (request.method === 'GET') {
      const parts = [...upload.parts].map(
        ([number, part]) =>
          `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(part).replaceAll('"', '&quot;')}</ETag><Size>${part.length}</Size></Part>`,
      )
      return ok(`<ListPartsResult><IsTruncated>false</IsTruncated>${parts.join('')}</ListPartsResult>`)
    }
    const named = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]+)<\/ETag>/g)]
    const parts = named.map(([, number, etag]) => {
      const part = upload.parts.get(Number(number))
      return part !== undefined && etagOf(part) === etag ? part : undefined
    })
    if (parts.some((part) => part === undefined)) return problem(400, 'InvalidPart')
    objects.set(key, Buffer.concat(parts as Buffer[]))
    fixture.changedAt.set(key, Date.now())
    fixture.uploads.delete(id)
    return ok('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>')
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  return Object.assign(fixture, {
    location: { endpoint: `http://127.0.0.1:${port}`, bucket, prefix, ...credentials },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

function etagOf(part: Buffer): string {
  return `"${createHash('md5').update(part).digest('hex')}"`
}

function problem(status: number, code: string) {
  return { status, headers: {}, body: `<?xml version="1.0"?><Error><Code>${code}</Code></Error>` }
}

function listing(
  objects: ReadonlyMap<string, Buffer>,
  query: URLSearchParams,
  timeOf: (key: string) => Date,
): string {
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '')).sort()
  // By key, as S3 does it: what is removed meanwhile moves no page.
  const start = keys.findIndex((key) => key > (query.get('continuation-token') ?? ''))
  const page = start === -1 ? [] : keys.slice(start, start + pageSize)
  const contents = page.map(
    (key) =>
      `<Contents><Key>${key}</Key><ETag>${etagOf(objects.get(key) ?? Buffer.alloc(0)).replaceAll('"', '&quot;')}</ETag><Size>${objects.get(key)?.length}</Size><LastModified>${timeOf(key).toISOString()}</LastModified></Contents>`,
  )
  const more = start !== -1 && start + pageSize < keys.length
  const next = more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
  return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function isSigned(
  request: IncomingMessage,
  url: URL,
  { accessKeyId, secretAccessKey, region }: Pick<S3Location, 'accessKeyId' | 'secretAccessKey' | 'region'>,
): boolean {
  const [, keyId, day = '', signedIn, signedHeaders = '', signature] =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w+)$/.exec(
      request.headers.authorization ?? '',
    ) ?? []
  if (keyId !== accessKeyId || signedIn !== region) return false
  const query = [...url.searchParams]
    .map(([name, value]) => [encodeURIComponent(name), encodeURIComponent(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&')
  const headers = signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`)
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
  const canonical = [
    request.method,
    url.pathname,
    query,
    headers.join(''),
    signedHeaders,
    request.headers['x-amz-content-sha256'],
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const text = ['AWS4-HMAC-SHA256', request.headers['x-amz-date'], scope, hashOf(canonical)].join('\n')
  const sign = (key: string | Buffer, part: string): Buffer => createHmac('sha256', key).update(part).digest()
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(sign, `AWS4${secretAccessKey}`)
  return sign(key, text).toString('hex') === signature
}
