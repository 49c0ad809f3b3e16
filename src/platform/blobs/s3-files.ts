import type { AwsClient } from 'aws4fetch'
import { fail } from '#contract/errors'
import { environmentVariable } from '../config.ts'

/** An object below a prefix of somebody's bucket. */
export interface S3File {
  /** Relative to the prefix. */
  readonly path: string
  readonly sizeBytes: number
  readonly changedAt: number
  open(): Promise<AsyncIterable<Uint8Array>>
}

/** The objects below `s3://bucket/prefix`, with the credentials of the environment; undefined without any. */
export function s3FilesBelow(uri: string): AsyncIterable<S3File> | undefined {
  const accessKeyId = environmentVariable('AWS_ACCESS_KEY_ID')
  const secretAccessKey = environmentVariable('AWS_SECRET_ACCESS_KEY')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  const region = environmentVariable('AWS_REGION') ?? environmentVariable('AWS_DEFAULT_REGION') ?? 'us-east-1'
  const sessionToken = environmentVariable('AWS_SESSION_TOKEN')
  const endpoint =
    environmentVariable('MLFLOW_S3_ENDPOINT_URL') ??
    environmentVariable('AWS_ENDPOINT_URL') ??
    `https://s3.${region}.amazonaws.com`
  const [, bucket = '', prefix = ''] = /^s3a?:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? []
  if (bucket === '') fail('invalid_input', `"${uri}" is no s3://bucket/prefix.`)
  const access = {
    accessKeyId,
    secretAccessKey,
    region,
    service: 's3',
    ...(sessionToken === undefined ? {} : { sessionToken }),
  }
  const place = { base: `${endpoint.replace(/\/$/, '')}/${bucket}`, prefix: prefix.replace(/\/?$/, '/') }
  return listed(access, place)
}

async function* listed(
  access: ConstructorParameters<typeof AwsClient>[0],
  { base, prefix }: { readonly base: string; readonly prefix: string },
): AsyncIterable<S3File> {
  // Only who has bytes in S3 needs it.
  const { AwsClient: Client } = await import('aws4fetch')
  const client = new Client(access)
  let token: string | undefined
  do {
    const query = new URLSearchParams({ 'list-type': '2', prefix: prefix === '/' ? '' : prefix })
    if (token !== undefined) query.set('continuation-token', token)
    const text = await (await send(client, `${base}/?${query.toString()}`)).text()
    for (const [, content = ''] of text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
      const key = unescaped(/<Key>([^<]*)<\/Key>/.exec(content)?.[1] ?? '')
      const path = prefix === '/' ? key : key.slice(prefix.length)
      if (path === '' || path.endsWith('/')) continue
      yield {
        path,
        sizeBytes: Number(/<Size>(\d+)</.exec(content)?.[1] ?? 0),
        changedAt: Date.parse(/<LastModified>([^<]+)</.exec(content)?.[1] ?? '') || 0,
        open: async () => {
          const response = await send(client, `${base}/${key.split('/').map(encodeURIComponent).join('/')}`)
          return response.body ?? fail('not_found', `S3 answered ${key} without bytes.`)
        },
      }
    }
    token = unescaped(/<NextContinuationToken>([^<]+)</.exec(text)?.[1] ?? '') || undefined
  } while (token !== undefined)
}

async function send(client: AwsClient, url: string): Promise<Response> {
  const response = await client.fetch(url)
  if (response.ok) return response
  await response.body?.cancel()
  return fail(
    response.status === 403 || response.status === 401 ? 'permission_denied' : 'not_found',
    `S3 answered ${response.status} for ${url.split('?')[0]}.`,
  )
}

function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
  return text
    .replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? '')
    .replaceAll(/&#(?:x([0-9a-f]+)|(\d+));/gi, (_, hex?: string, decimal?: string) =>
      String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
    )
}
