import type { IncomingMessage, ServerResponse } from 'node:http'
import { corsHeaders } from './cors.ts'
import type { HttpAnswer } from './http-call.ts'

/** One request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface AnswerTerms {
  /** Asks the client to leave after this answer. */
  readonly close: boolean
  /** Origins of web pages that may read it. */
  readonly cors: readonly string[]
  /** How long a client may take to read its answer. */
  readonly unreadMs: number
  readonly extraHeaders?: Readonly<Record<string, string>> | undefined
}

export function sendAnswer({ request, response }: Exchange, result: HttpAnswer, terms: AnswerTerms): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(result.status, answerHeaders(request, result, terms))
  response.end(result.body)
  const { socket } = response
  // What the kernel did not take at once waits for the client to read.
  if (socket !== null && socket.writableLength > 0) dropUnread(response, terms.unreadMs)
}

/** How long a client that sends too much may go on, so that it reads the answer instead of a reset connection. */
const lingerMs = 1_000

/** Answers before the whole request was read, and then lets the connection go. */
export function sendEarly({ request, response }: Exchange, result: HttpAnswer, terms: AnswerTerms): void {
  if (response.destroyed || response.headersSent) return
  response.writeHead(result.status, answerHeaders(request, result, { ...terms, close: true }))
  // The whole answer, but not its end: with that, node:http closes the socket while the client still sends.
  response.write(result.body)
  request.resume()
  const end = (): void => {
    clearTimeout(linger)
    response.end()
  }
  const linger = setTimeout(end, lingerMs)
  request.once('close', end)
}

function answerHeaders(
  request: IncomingMessage,
  result: HttpAnswer,
  { close, cors, extraHeaders }: AnswerTerms,
): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'content-type': result.type,
    'content-length': Buffer.byteLength(result.body),
  }
  if (result.headers !== undefined) Object.assign(headers, result.headers)
  if (extraHeaders !== undefined) Object.assign(headers, extraHeaders)
  if (cors.length > 0) Object.assign(headers, corsHeaders(request.headers.origin, cors))
  if (close) headers['connection'] = 'close'
  return headers
}

function dropUnread(response: ServerResponse, unreadMs: number): void {
  const timer = setTimeout(() => response.destroy(), unreadMs)
  timer.unref()
  response.once('close', () => clearTimeout(timer))
}
