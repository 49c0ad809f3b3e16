import { setTimeout as pause } from 'node:timers/promises'
import { AwsClient } from 'aws4fetch'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { ByteRange } from './blob-store.ts'
import type { S3Location } from './s3-location.ts'

export interface S3Object {
  readonly sizeBytes: number
  /** Epoch milliseconds. A store that does not say when is taken to mean now: what may be young is never removed. */
  readonly changedAt: number
}

export interface ListedObject extends S3Object {
  readonly key: string
  /** Changes with the bytes. */
  readonly etag: string
}

export interface S3Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface PutOptions {
  /** Of the body, in hexadecimal: the store refuses other bytes. */
  readonly sha256: string
  /** The object is only written where there is none. */
  readonly onlyIfAbsent?: boolean
}

/**
 * The requests of the S3 protocol that are used here, by whole keys of one bucket. What failed on the way or on the other
 * side is tried again: everything here can be repeated without harm.
 */
export interface S3Client {
  head(key: string): Promise<S3Object | undefined>
  /** The bytes as they come, not verified; undefined when there is no such object. */
  get(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>
  /** False when `onlyIfAbsent` found an object. The body can be read again. */
  put(key: string, body: Blob | Uint8Array<ArrayBuffer>, options: PutOptions): Promise<boolean>
  remove(key: string): Promise<void>
  /** In the order of the keys. */
  list(prefix: string): AsyncIterable<ListedObject>
  /** Any other request; fails for every status but success. */
  request(
    method: string,
    path: string,
    init?: { readonly body?: Blob | string; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<S3Answer>
}

const attempts = 4
const silent = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

export function createS3Client(
  location: S3Location,
  { firstPauseMs = 200 }: { readonly firstPauseMs?: number } = {},
): S3Client {
  const client = new AwsClient({ ...location, service: 's3', retries: 0 })
  const base = `${location.endpoint}/${location.bucket}`

  const once = async (method: string, path: string, init: RequestInit): Promise<Response | DevmlopsError> => {
    try {
      return await client.fetch(`${base}/${path}`, { ...init, method })
    } catch (error) {
      return new DevmlopsError('server_unreachable', `No S3 answers at ${base}: ${causeOf(error)}.`, {
        hint: 'Check AWS_ENDPOINT_URL, the bucket and the network.',
        cause: error,
      })
    }
  }

  const refused = (status: number, code: string): DevmlopsError =>
    code === 'XAmzContentSHA256Mismatch'
      ? new DevmlopsError('storage_corrupt', `S3 at ${base} received other bytes than were promised.`, {
          hint: 'The copy here has changed: verify it, and repair it from where it is whole.',
        })
      : new DevmlopsError(
          status === 403 || status === 401 ? 'permission_denied' : 'server_unreachable',
          `S3 at ${base} answered ${status}${code === '' ? '' : ` ${code}`}.`,
          { hint: 'Check the bucket, the endpoint and the credentials in the environment.' },
        )

  /** Answers a success or one of these; fails with everything else. */
  const send = async (
    method: string,
    path: string,
    { answers = [], ...init }: RequestInit & { readonly answers?: readonly number[] } = {},
  ): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      let answer = await once(method, path, init)
      if (answer instanceof Response) {
        if (answer.ok || answers.includes(answer.status)) return answer
        const { status } = answer
        const [, code = ''] = /<Code>(\w+)<\/Code>/.exec(await textOf(answer)) ?? []
        answer = refused(status, code)
        // 409: somebody else is writing the same key at this moment.
        if (status < 500 && status !== 429 && status !== 409) throw answer
      }
      if (attempt === attempts) throw answer
      await pause(firstPauseMs * 2 ** (attempt - 1))
    }
  }

  return {
    head: async (key) => {
      const response = await send('HEAD', escaped(key), { answers: [404] })
      if (response.status === 404) return undefined
      const time = Date.parse(response.headers.get('last-modified') ?? '')
      return {
        sizeBytes: Number(response.headers.get('content-length')),
        changedAt: Number.isNaN(time) ? Date.now() : time,
      }
    },
    get: async (key, range) => {
      const headers: Record<string, string> =
        range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` }
      const response = await send('GET', escaped(key), { answers: [404], headers })
      if (response.status === 404 || response.body === null) {
        await response.body?.cancel()
        return undefined
      }
      if (range !== undefined && response.status !== 206) {
        await response.body.cancel()
        fail('server_unreachable', `S3 at ${base} does not answer parts of an object.`)
      }
      return response.body
    },
    put: async (key, body, { sha256, onlyIfAbsent = false }) => {
      const response = await send('PUT', escaped(key), {
        body,
        answers: onlyIfAbsent ? [412] : [],
        headers: { 'x-amz-content-sha256': sha256, ...(onlyIfAbsent ? { 'if-none-match': '*' } : {}) },
      })
      await response.body?.cancel()
      return response.status !== 412
    },
    remove: async (key) => {
      const response = await send('DELETE', escaped(key), { answers: [404] })
      await response.body?.cancel()
    },
    list: async function* (prefix) {
      let token: string | undefined
      do {
        const query = new URLSearchParams({ 'list-type': '2', prefix })
        if (token !== undefined) query.set('continuation-token', token)
        const text = await (await send('GET', `?${query.toString()}`)).text()
        for (const [, content = ''] of text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
          const time = Date.parse(elementOf(content, 'LastModified') ?? '')
          yield {
            key: elementOf(content, 'Key') ?? '',
            sizeBytes: Number(elementOf(content, 'Size') ?? 0),
            changedAt: Number.isNaN(time) ? Date.now() : time,
            etag: elementOf(content, 'ETag') ?? '',
          }
        }
        token = elementOf(text, 'NextContinuationToken')
      } while (token !== undefined)
    },
    request: async (method, path, { body, headers } = {}) => {
      const response = await send(method, path, {
        ...(body === undefined ? {} : { body }),
        headers: { ...(body === undefined ? { 'x-amz-content-sha256': silent } : {}), ...headers },
      })
      return { status: response.status, headers: response.headers, text: await response.text() }
    },
  }
}

/** The text of the first element of that name. */
export function elementOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  return text === undefined || text === '' ? undefined : unescaped(text)
}

/** A key as it stands in a URL. */
export function escaped(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/')
}

function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text.replaceAll(
    /&(?:(amp|lt|gt|quot|apos)|#x([0-9a-f]+)|#(\d+));/gi,
    (_, name?: string, hex?: string, decimal?: string) =>
      name !== undefined
        ? (entities[name.toLowerCase()] ?? '')
        : String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
  )
}

/** The reason of a refusal; a line that breaks in it changes nothing. */
async function textOf(response: Response): Promise<string> {
  return response.text().catch(() => '')
}

/** `fetch failed` says nothing; its cause does. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  return messageOf(cause ?? error)
}
