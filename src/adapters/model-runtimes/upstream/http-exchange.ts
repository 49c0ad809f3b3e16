import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { DevmlopsError, fail, messageOf } from '#contract/errors'

export interface Exchange {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** In the time of `performance.now()`. */
  readonly deadlineAt: number
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export interface HttpClient {
  /**
   * Sends once more when the connection was lost. Fails with `not_ready` when the server cannot be reached and `timed_out`
   * when it does not answer in time. Redirects are answers like any other: nobody is followed elsewhere with our headers.
   */
  send(exchange: Exchange): Promise<Reply>
  close(): void
}

const mostBytes = 1024 * 1024 * 1024
const longestTimerMs = 2 ** 31 - 1
const lost = new Set(['ECONNRESET', 'EPIPE', 'ECONNREFUSED', 'ECONNABORTED'])

/** Connections to one other server, kept open between requests. */
export function createHttpClient(url: string): HttpClient {
  const { protocol, host, pathname } = new URL(url)
  const isSecure = protocol === 'https:'
  const agentOptions = { keepAlive: true, noDelay: true }
  const agent = isSecure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions)
  const base = pathname.replace(/\/$/, '')

  const once = ({ method, path, headers, body, deadlineAt }: Exchange): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const request = (isSecure ? httpsRequest : httpRequest)(
        new URL(`${base}${path}`, `${protocol}//${host}`),
        {
          method,
          agent,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-length': body.length }) },
        },
      )
      const leftMs = Math.min(longestTimerMs, Math.max(0, deadlineAt - performance.now()))
      const timer = setTimeout(() => request.destroy(new DevmlopsError('timed_out', 'too late')), leftMs)
      const end = (error: unknown): void => {
        clearTimeout(timer)
        reject(error)
      }
      request.on('error', end)
      request.on('response', (response) => {
        const chunks: Buffer[] = []
        let length = 0
        response.on('data', (chunk: Buffer) => {
          length += chunk.length
          if (length > mostBytes) request.destroy(new DevmlopsError('invalid_input', 'too long'))
          else chunks.push(chunk)
        })
        response.on('error', end)
        response.on('end', () => {
          clearTimeout(timer)
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks, length),
          })
        })
      })
      request.end(body)
    })

  return {
    send: async (exchange) => {
      try {
        try {
          return await once(exchange)
        } catch (error) {
          // A server that restarts closes connections that look open from here; scoring twice does no harm.
          if (!lost.has((error as NodeJS.ErrnoException).code ?? '')) throw error
          return await once(exchange)
        }
      } catch (error) {
        if (!(error instanceof DevmlopsError)) {
          return fail('not_ready', `${url} cannot be reached: ${messageOf(error)}.`, { cause: error })
        }
        if (error.code === 'timed_out') return fail('timed_out', `${url} did not answer in time.`)
        return fail('invalid_input', `${url} answers with more than ${mostBytes} bytes.`)
      }
    },
    close: () => agent.destroy(),
  }
}
