import { createHmac } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { parseTarget, resolveTarget, type ResolvedAddress, type TargetRules } from './target.ts'

export interface Letter {
  readonly url: string
  readonly deliveryId: string
  readonly body: string
  readonly secret: string | null
  /** Epoch milliseconds. */
  readonly now: number
}

export interface Reply {
  readonly status: number
  /** Its beginning. */
  readonly body: string
  /** How long the receiver asks to wait before the next try. */
  readonly retryAfterMs: number | undefined
}

const timeoutMs = 30_000
const longestReplyBytes = 10_000

/** `v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, as MLflow's client checks it (`X-MLflow-Signature`). */
export function signatureOf(
  secret: string,
  deliveryId: string,
  letter: { timestamp: string; body: string },
): string {
  const signed = `${deliveryId}.${letter.timestamp}.${letter.body}`
  return `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`
}

/**
 * Posts the letter once. Redirects are not followed, and no proxy is asked: both would lead past the check of the
 * address. Rejects when nothing answers, and with `invalid_input` when the address may not be called.
 */
export async function send(letter: Letter, rules: TargetRules, signal: AbortSignal): Promise<Reply> {
  const url = parseTarget(letter.url, rules)
  const addresses = await resolveTarget(url, rules)
  const timestamp = String(Math.floor(letter.now / 1000))
  const { deliveryId, body, secret } = letter
  return post(url, {
    addresses,
    body,
    now: letter.now,
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': 'devmlops',
      'X-MLflow-Delivery-Id': deliveryId,
      'X-MLflow-Timestamp': timestamp,
      ...(secret === null || secret === ''
        ? {}
        : { 'X-MLflow-Signature': signatureOf(secret, deliveryId, { timestamp, body }) }),
    },
  })
}

export interface Sender {
  /** Posts once; rejects when nothing answers. */
  post(letter: { headers: Readonly<Record<string, string>>; body: string; now: number }): Promise<Reply>
  close(): void
}

/**
 * For many letters to one receiver: the address is checked once, by the same rules, and connections to it are kept until
 * the sender is closed. Close it soon, since a name may point elsewhere tomorrow.
 */
export async function openSender(target: string, rules: TargetRules, signal: AbortSignal): Promise<Sender> {
  const url = parseTarget(target, rules)
  const addresses = await resolveTarget(url, rules)
  const keep = { keepAlive: true, lookup: pinnedTo(addresses) }
  const agent = url.protocol === 'http:' ? new HttpAgent(keep) : new HttpsAgent(keep)
  return {
    post: ({ headers, body, now }) =>
      post(url, {
        addresses,
        agent,
        headers: { 'User-Agent': 'devmlops', ...headers },
        body,
        now,
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }),
    close: () => agent.destroy(),
  }
}

interface Post {
  readonly addresses: readonly ResolvedAddress[]
  /** Keeps connections; without it each letter has its own. */
  readonly agent?: HttpAgent
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly now: number
  readonly signal: AbortSignal
}

function post(url: URL, { addresses, agent, headers, body, now, signal }: Post): Promise<Reply> {
  const bytes = Buffer.from(body)
  const open = url.protocol === 'http:' ? httpRequest : httpsRequest
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const request = open(url, {
    method: 'POST',
    headers: { ...headers, 'Content-Length': bytes.length },
    // A connection of its own: a kept one could be to an address that nobody checked today.
    agent: agent ?? false,
    lookup: pinnedTo(addresses),
    signal,
  })
  request.on('error', reject)
  request.on('response', (response) => {
    const chunks: Buffer[] = []
    let length = 0
    const finish = (): void => {
      resolve({
        status: response.statusCode ?? 0,
        body: Buffer.concat(chunks).subarray(0, longestReplyBytes).toString(),
        retryAfterMs: retryAfter(response.headers['retry-after'], now),
      })
      // A kept connection is for the next letter, if this answer was read to its end.
      if (agent === undefined || length >= longestReplyBytes) request.destroy()
    }
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      length += chunk.length
      if (length >= longestReplyBytes) finish()
    })
    response.on('end', finish)
    response.on('error', reject)
  })
  request.end(bytes)
  return promise
}

/** Answers every question for the host with the addresses that were checked. */
function pinnedTo(addresses: readonly ResolvedAddress[]): LookupFunction {
  return (_hostname, options, callback) => {
    const [first] = addresses
    if (options.all === true) callback(null, [...addresses])
    else callback(null, first?.address ?? '', first?.family)
  }
}

function retryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  const seconds = Number(header)
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000
  const time = Date.parse(header)
  return Number.isNaN(time) ? undefined : Math.max(0, time - now)
}
