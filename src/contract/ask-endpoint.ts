import {
  DevmlopsError,
  errorTable,
  fail,
  fromProblem,
  messageOf,
  type ErrorCode,
  type Problem,
} from './errors.ts'

export interface EndpointAddress {
  readonly url: string
  readonly token?: string | undefined
  readonly fetch?: typeof fetch | undefined
}

export interface EndpointRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array<ArrayBuffer>
  /** Over both attempts together. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** What passes by itself: the connection was lost, the model is being swapped, or too much is asked just now. */
const passing = new Set([429, 502, 503])
const firstPauseMs = 100
/** A server that is told to wait longer than this is not waited for. */
const longestPauseMs = 10_000

/**
 * Sends a request, and once more when it failed in a way that passes: after the time that Retry-After says, or a tenth of a
 * second. The body is the same, and so are the ids in it, so that the prediction log knows the second for the first.
 */
export async function askEndpoint(address: EndpointAddress, request: EndpointRequest): Promise<Response> {
  const deadline = Date.now() + request.timeoutMs
  const first = await attempt(address, request, deadline).catch((error: unknown) => error as DevmlopsError)
  if (first instanceof Response && !passing.has(first.status)) return accepted(first)
  if (first instanceof DevmlopsError && first.code !== 'server_unreachable') throw first
  const pauseMs = first instanceof Response ? retryAfterMs(first) : firstPauseMs
  if (pauseMs > longestPauseMs || Date.now() + pauseMs >= deadline) {
    if (first instanceof Response) return accepted(first)
    throw first
  }
  if (first instanceof Response) await first.body?.cancel()
  await new Promise((resolve) => setTimeout(resolve, pauseMs))
  return accepted(await attempt(address, request, deadline))
}

async function attempt(
  { url, token, fetch: send = fetch }: EndpointAddress,
  { path, headers, body, signal }: EndpointRequest,
  deadline: number,
): Promise<Response> {
  const timeout = AbortSignal.timeout(Math.max(1, deadline - Date.now()))
  try {
    return await send(`${url.replace(/\/+$/, '')}${path}`, {
      method: 'POST',
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    })
  } catch (error) {
    if (signal?.aborted === true) fail('cancelled', 'The call was cancelled.', { cause: error })
    if (timeout.aborted) fail('timed_out', `${url} did not answer in time.`, { cause: error })
    return fail(
      'server_unreachable',
      `No answer from ${url}: ${messageOf((error as Error).cause ?? error)}`,
      {
        hint: 'Check the address, and that the deployment is running: `devmlops deployments`.',
        cause: error,
      },
    )
  }
}

/** Seconds or a date (RFC 9110, section 10.2.3). */
function retryAfterMs({ headers }: Response): number {
  const value = headers.get('retry-after')
  if (value === null) return firstPauseMs
  const seconds = Number(value)
  const pauseMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(pauseMs) ? Math.max(firstPauseMs, pauseMs) : firstPauseMs
}

async function accepted(response: Response): Promise<Response> {
  if (response.ok) return response
  const text = await response.text()
  const problem = problemOf(text)
  if (problem.code !== undefined) throw fromProblem(problem, text)
  const code = (Object.keys(errorTable) as ErrorCode[]).find(
    (known) => errorTable[known].status === response.status,
  )
  throw new DevmlopsError(
    code ?? 'internal',
    problem.error ?? `HTTP ${response.status} ${text.slice(0, 200)}`,
  )
}

function problemOf(text: string): Partial<Problem> & { readonly error?: string } {
  try {
    return JSON.parse(text) as Partial<Problem> & { readonly error?: string }
  } catch {
    return {}
  }
}
