import { fail, fromProblem, type Problem } from '#contract/errors'
import { environmentVariable } from '#platform/config'
import { arrivingFile } from './arriving.ts'
import { released, type Collected, type CollectOptions } from './collected.ts'
import { download } from './download.ts'
import type { TableSource } from './source-config.ts'

type ServerSource = Extract<TableSource, { server: unknown }>

/** The rows of another server's dataset, if it has a newer version than was fetched last. */
export async function collectServer(options: CollectOptions, source: ServerSource): Promise<Collected> {
  const { url, dataset } = source.server
  const base = `${url.replace(/\/$/, '')}/api/v1/datasets/${encodeURIComponent(dataset)}/versions`
  const name = `${dataset} of ${url}`
  const headers = headersOf(source)
  const { version, digest: content } = await newestVersion(`${base}/latest`, {
    headers,
    name,
    timeoutMs: source.timeout,
  })
  const known = await options.lastDownload(base)
  const told = { kind: 'server' as const, url, dataset, version }
  if (known !== undefined && known.etag === content) {
    return {
      files: [],
      source: told,
      unchanged: [{ path: name, digest: known.digest }],
      downloads: [],
      release: released,
    }
  }
  const fetched = await download({
    url: `${base}/${version}/rows/file`,
    timeoutMs: source.timeout,
    maximumSizeBytes: source.maximum_size,
    spool: options.spool,
    headers,
  })
  if (!fetched.changed) fail('server_unreachable', `${name} says that nothing has changed, unasked.`)
  try {
    const { path } = fetched
    const file = await arrivingFile(
      { path, name: `${dataset}@${version}.parquet` },
      { ...options.config, format: 'parquet' },
      options.spool,
    )
    return {
      files: [file],
      source: told,
      unchanged: [],
      // Its content stands in for an ETag: a version that was only counted on has the same.
      downloads: [{ url: base, digest: file.facts.digest, etag: content }],
      release: fetched.remove,
    }
  } catch (error) {
    await fetched.remove()
    throw error
  }
}

function headersOf({ server }: ServerSource): Record<string, string> {
  if (server.token_env === undefined) return {}
  const token = environmentVariable(server.token_env)
  if (token === undefined || token === '') {
    fail(
      'invalid_input',
      `The environment variable ${server.token_env} is not set; it holds the token of the server.`,
      {
        at: server.token_env,
      },
    )
  }
  return { authorization: `Bearer ${token}` }
}

async function newestVersion(
  url: string,
  { headers, name, timeoutMs }: { headers: Record<string, string>; name: string; timeoutMs: number },
): Promise<{ version: number; digest: string }> {
  const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) }).catch(
    (error: unknown) =>
      fail('server_unreachable', `${name}: the server does not answer.`, {
        hint: 'Check the address and the network, then run the command again.',
        at: name,
        cause: error,
      }),
  )
  const answer = (await response.json().catch(() => ({}))) as Partial<Problem> & {
    version?: unknown
    digest?: unknown
  }
  if (!response.ok) throw fromProblem(answer, `${name}: the server answered with HTTP ${response.status}.`)
  if (typeof answer.version === 'number' && typeof answer.digest === 'string') {
    return { version: answer.version, digest: answer.digest }
  }
  return fail('server_unreachable', `${name}: what answers is no DevMLOps server.`, { at: name })
}
