import { createClient, httpTransport } from '#contract/client'
import { DevmlopsError, type ErrorCode } from '#contract/errors'
import type { Remote } from './remote.ts'
import { remoteCalls } from './remote-calls.ts'
import { parseDocument } from './version-document.ts'

/** Another DevMLOps server: its versions can be pulled by whoever may read them. */
export function serverRemote({
  url,
  token,
}: {
  readonly url: string
  readonly token: string | undefined
}): Remote {
  const transport = httpTransport({
    url,
    ...(token === undefined ? {} : { token }),
    // The token is for this server, not for whoever it points to.
    fetch: (input, init) => fetch(input, { ...init, redirect: 'error' }),
  })
  const server = createClient(remoteCalls, transport)
  const whenFound = <T>(answer: Promise<T>): Promise<T | undefined> =>
    answer.catch((error: unknown) => {
      if (isError(error, 'not_found')) return undefined
      throw error
    })

  return {
    name: url,
    datasets: async () => (await server.remoteDatasets({})).items,
    versions: async (dataset) => (await whenFound(server.remoteVersions({ name: dataset })))?.items ?? [],
    document: async ({ dataset, version }) => {
      const found = await whenFound(server.remoteDocument({ name: dataset, version }))
      return found === undefined ? undefined : parseDocument(found, `${dataset}@${version} of ${url}`)
    },
    read: async (digest, { dataset, version }, range) => {
      const place = { name: dataset, version, digest }
      const found = await whenFound(server.remoteBlock({ ...place, ...range }))
      return found === undefined ? undefined : chunksOf(found.body)
    },
  }
}

async function* chunksOf(body: ReadableStream<Uint8Array> | Uint8Array): AsyncIterable<Uint8Array> {
  if (body instanceof Uint8Array) yield body
  else yield* body
}

function isError(error: unknown, code: ErrorCode): boolean {
  return error instanceof DevmlopsError && error.code === code
}
