import { setTimeout as pause } from 'node:timers/promises'
import { DevmlopsError, fail, messageOf } from '#contract/errors'

export interface TrackingCredentials {
  readonly username?: string | undefined
  readonly password?: string | undefined
  /** Goes as a bearer token, and wins over a name and a password, as in MLflow's client. */
  readonly token?: string | undefined
}

export type JsonObject = Readonly<Record<string, unknown>>

/** Calls of a tracking server, repeated where that may help. */
export interface TrackingClient {
  readonly url: string
  /** `path` is below `/api/2.0/mlflow/`. */
  get(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<JsonObject>
  post(path: string, body: JsonObject): Promise<JsonObject>
  /** Any path of the server; undefined when there is nothing (404). */
  find(path: string, query?: Readonly<Record<string, string | undefined>>): Promise<JsonObject | undefined>
  download(path: string, query?: Readonly<Record<string, string>>): Promise<AsyncIterable<Uint8Array>>
}

const attempts = 5
const firstPauseMs = 500
const answerTimeoutMs = 120_000
const repeated = new Set([408, 429, 500, 502, 503, 504])

export function createTrackingClient(
  address: string,
  credentials: TrackingCredentials,
  signal: AbortSignal,
): TrackingClient {
  const { url, headers } = addressOf(address, credentials)

  const once = async (target: string, init: RequestInit, timeoutMs: number | undefined) => {
    const signals = [signal, ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(timeoutMs)])]
    return fetch(target, {
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string> | undefined) },
      signal: AbortSignal.any(signals),
    })
  }

  let answered = false

  const send = async (path: string, init: RequestInit, timeoutMs?: number): Promise<Response> => {
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await once(`${url}${path}`, init, timeoutMs)
        answered = true
        if (!repeated.has(response.status) || attempt === attempts) return response
        await response.body?.cancel()
      } catch (error) {
        signal.throwIfAborted()
        // Nobody was ever there: waiting would only keep the answer back.
        if (attempt === attempts || !answered) unreachable(url, error)
      }
      await pause(firstPauseMs * 2 ** (attempt - 1), undefined, { signal })
    }
  }

  const json = async (path: string, init: RequestInit): Promise<JsonObject | undefined> => {
    const response = await send(path, init, answerTimeoutMs)
    const text = await response.text()
    if (response.status === 404) return undefined
    if (!response.ok) refused(url, response.status, text)
    try {
      const answer: unknown = JSON.parse(text)
      if (typeof answer === 'object' && answer !== null) return answer as JsonObject
    } catch {
      // Told below.
    }
    return notMlflow(url, text)
  }

  const queryOf = (query: Readonly<Record<string, string | undefined>>): string => {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
  }

  const api = async (path: string, init: RequestInit): Promise<JsonObject> =>
    (await json(`/api/2.0/mlflow/${path}`, init)) ??
    fail('not_found', `${url} has no ${path.split('?')[0]}.`, { hint: 'Is it the URL of an MLflow server?' })

  return {
    url,
    get: (path, query = {}) => api(`${path}${queryOf(query)}`, {}),
    post: (path, body) =>
      api(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    find: (path, query = {}) => json(`${path}${queryOf(query)}`, {}),
    download: async (path, query = {}) => {
      const response = await send(`${path}${queryOf(query)}`, {})
      if (response.ok && response.body !== null) return response.body
      return refused(url, response.status, await response.text())
    },
  }
}

/** Credentials may stand in the URL, where `fetch` does not take them. */
function addressOf(address: string, given: TrackingCredentials) {
  let url: URL
  try {
    url = new URL(address)
  } catch {
    return fail('invalid_input', `"${address}" is not a URL.`, { at: 'source' })
  }
  const username = given.username ?? (decodeURIComponent(url.username) || undefined)
  const password = given.password ?? (decodeURIComponent(url.password) || undefined)
  url.username = ''
  url.password = ''
  url.search = ''
  url.hash = ''
  const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')
  const authorization =
    given.token !== undefined
      ? `Bearer ${given.token}`
      : username !== undefined
        ? `Basic ${basic}`
        : undefined
  return {
    url: url.toString().replace(/\/$/, ''),
    headers: { ...(authorization === undefined ? {} : { authorization }), 'user-agent': 'devmlops-import' },
  }
}

function unreachable(url: string, error: unknown): never {
  const { cause } = error as { cause?: unknown }
  throw new DevmlopsError('server_unreachable', `No answer from ${url}: ${messageOf(cause ?? error)}.`, {
    hint: 'Start the server, or check the URL; what was brought stays, and the same command goes on.',
    cause: error,
  })
}

function refused(url: string, status: number, text: string): never {
  if (status === 401 || status === 403) {
    return fail('permission_denied', `${url} answered ${status}: it wants other credentials.`, {
      hint: 'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN.',
    })
  }
  if (status === 404) return fail('not_found', `${url} answered 404.`)
  return fail('server_unreachable', `${url} answered ${status}: ${messageIn(text)}`)
}

function messageIn(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string') return message.slice(0, 300)
  } catch {
    // No JSON: its beginning will do.
  }
  return text.slice(0, 120)
}

function notMlflow(url: string, text: string): never {
  return fail('server_unreachable', `What answers at ${url} is no MLflow server: ${text.slice(0, 80)}`, {
    hint: 'Check the URL: it is the one of MLFLOW_TRACKING_URI.',
  })
}
