import { fail } from '#contract/errors'
import { answerFailure, answerOnce, isGone } from './grpc-answer.ts'
import { failureOf, httpCallOf, type GrpcCall } from './grpc-call.ts'
import { answerMessage, largestMessageBytes, type GrpcContext } from './grpc-context.ts'
import type { Method } from './inference-service.ts'
import { decompressed, FrameReader, messageFrame, type Frame } from './message-frames.ts'

/** Reads the one message of a call and answers it with one. */
export function answerUnary(context: GrpcContext, call: GrpcCall, method: Method): void {
  const { stream } = call
  const reader = new FrameReader()
  const limitBytes = largestMessageBytes(context)
  let frame: Frame | undefined
  stream.on('data', (chunk: Buffer) => {
    // Refused already: the rest of what a client still sends is passed over.
    if (isGone(stream)) return
    try {
      reader.push(chunk)
      frame ??= reader.next(limitBytes)
      if (frame !== undefined && reader.length > 0)
        fail('invalid_input', 'The call has more than one message.')
    } catch (error) {
      answerFailure(stream, failureOf(error, context.log))
    }
  })
  stream.on('end', () => {
    if (!isGone(stream)) void answer(context, call, { frame, limitBytes, method })
  })
}

async function answer(
  context: GrpcContext,
  call: GrpcCall,
  {
    frame,
    limitBytes,
    method,
  }: { readonly frame: Frame | undefined; readonly limitBytes: number; readonly method: Method },
): Promise<void> {
  const { stream, headers, startedAt } = call
  const httpCall = httpCallOf(call, frame?.message ?? nothing, startedAt)
  const answered = await answerMessage(context, httpCall, () => {
    if (frame === undefined) return fail('invalid_input', 'The call has no whole message.')
    if (!frame.isCompressed) return method(httpCall)
    return decompressed(frame.message, headers['grpc-encoding'], limitBytes).then((body) => {
      httpCall.body = body
      return method(httpCall)
    })
  })
  if (Buffer.isBuffer(answered)) answerOnce(stream, messageFrame(answered))
  else answerFailure(stream, answered)
}

const nothing = Buffer.alloc(0)
