import { DevmlopsError, fail } from '#contract/errors'
import { bodiesFull } from '../http/body-budget.ts'
import { answerFailure, answerOnce, isGone } from './grpc-answer.ts'
import { failureOf, type GrpcCall } from './grpc-call.ts'
import { answerMessage, largestMessageBytes, type GrpcContext } from './grpc-context.ts'
import type { UnaryMethod } from './grpc-methods.ts'
import { FrameReader, messageFrame, type Frame } from './message-frames.ts'

/** Reads the one message of a call and answers it with one. */
export function answerUnary(context: GrpcContext, call: GrpcCall, method: UnaryMethod): void {
  const { stream, startedAt } = call
  const { budget } = context
  const reader = new FrameReader()
  const limitBytes = largestMessageBytes(context)
  // Before the message is read.
  const admission =
    method.admits === undefined ? undefined : context.admit[method.admits](call.headers, stream.session)
  let frame: Frame | undefined
  let heldBytes = 0
  stream.on('data', (chunk: Buffer) => {
    // Refused already: the rest of what a client still sends is passed over.
    if (isGone(stream)) return
    try {
      if (!budget.take(chunk.length)) throw bodiesFull()
      heldBytes += chunk.length
      reader.push(chunk)
      frame ??= reader.next(limitBytes)
      if (frame !== undefined && reader.length > 0)
        fail('invalid_input', 'The call has more than one message.')
    } catch (error) {
      answerFailure(stream, failureOf(error, context.log))
    }
  })
  stream.once('close', () => {
    budget.give(heldBytes)
    admission?.release()
  })
  stream.once('end', () => {
    if (isGone(stream)) return
    if (frame === undefined) return answerFailure(stream, failureOf(noMessage(), context.log))
    const message = { admit: () => admission, startedAt, answer: method.answer }
    void answerMessage(context, call, { frame, message }).then((answered) => {
      if (Buffer.isBuffer(answered)) answerOnce(stream, messageFrame(answered))
      else answerFailure(stream, answered)
    })
  })
}

function noMessage(): DevmlopsError {
  return new DevmlopsError('invalid_input', 'The call has no whole message.')
}
