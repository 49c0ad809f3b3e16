import type { IncomingMessage } from 'node:http'
import type { BodyBudget } from './body-budget.ts'

export interface BodyLimits {
  readonly limitBytes: number
  readonly budget: BodyBudget
}

/** Why a body was not read to its end. */
export type UnreadBody = 'too_large' | 'no_room'

/**
 * Hands over the whole body, or why it was not read as soon as that is known. Says nothing when the client goes away. What
 * was handed over counts in the budget until whoever got it gives it back.
 */
export function readBody(
  request: IncomingMessage,
  { limitBytes, budget }: BodyLimits,
  done: (body: Buffer | UnreadBody) => void,
): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) return done('too_large')
  const chunks: Buffer[] = []
  let length = 0
  let over = false
  const giveUp = (why: UnreadBody): void => {
    over = true
    chunks.length = 0
    budget.give(length)
    done(why)
  }
  request.on('data', (chunk: Buffer) => {
    if (over) return
    if (length + chunk.length > limitBytes) return giveUp('too_large')
    if (!budget.take(chunk.length)) return giveUp('no_room')
    length += chunk.length
    chunks.push(chunk)
  })
  request.on('end', () => {
    if (over) return
    over = true
    done(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, length))
  })
  request.on('error', () => undefined)
  request.on('close', () => {
    if (over) return
    over = true
    budget.give(length)
  })
}
