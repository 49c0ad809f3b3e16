import { bufferOver, ProtobufWriter } from '#platform/protobuf'
import type { Admission } from '../access/known-key.ts'
import { beginAnswer } from './grpc-answer.ts'
import { failureOf, type GrpcCall } from './grpc-call.ts'
import { answerMessage, largestMessageBytes, type GrpcContext } from './grpc-context.ts'
import { modelInfer } from './inference-service.ts'
import { shuttingDown } from './watch-call.ts'
import { FrameReader, messageFrame, type Frame } from './message-frames.ts'

/** Requests of one stream that are worked on at the same time; the client waits for the rest. */
const openRequests = 64

/**
 * `ModelStreamInfer`: one answer per request, in the order of the requests, however the work on them ends. A request that fails
 * is answered with its error and ends nothing. Returns how to end the stream when the server goes: what has come is answered.
 */
export function answerStream(context: GrpcContext, call: GrpcCall): () => void {
  const { stream } = call
  const reader = new FrameReader()
  const answers = beginAnswer(stream)
  let open = 0
  let hasEnded = false
  let tail = Promise.resolve()
  const finish = (error?: unknown): void => {
    hasEnded = true
    tail = tail.then(() => answers.finish(error === undefined ? undefined : failureOf(error, context.log)))
  }
  const pump = (): void => {
    try {
      while (!stream.destroyed && open < openRequests && !stream.writableNeedDrain) {
        const frame = reader.next(largestMessageBytes(context))
        if (frame === undefined) break
        open++
        const answered = inferFrame(context, call, frame)
        tail = tail.then(async () => {
          const message = await answered
          open--
          if (!stream.destroyed && !stream.writableEnded) stream.write(messageFrame(message))
          pump()
        })
      }
    } catch (error) {
      finish(error)
    }
    if (open >= openRequests || stream.writableNeedDrain) stream.pause()
    else stream.resume()
  }
  stream.on('data', (chunk: Buffer) => {
    if (hasEnded) return
    reader.push(chunk)
    pump()
  })
  stream.on('drain', pump)
  stream.on('end', () => {
    if (!hasEnded) finish()
  })
  return () => {
    if (!hasEnded) finish(shuttingDown())
  }
}

/** `ModelStreamInferResponse` of Triton, which its clients read: an answer, or what was wrong with the request. */
async function inferFrame(context: GrpcContext, call: GrpcCall, frame: Frame): Promise<Buffer> {
  let admission: Admission | undefined
  const answered = await answerMessage(context, call, {
    frame,
    message: {
      admit: () => {
        admission = context.admit.predict(call.headers, call.stream.session) ?? undefined
        return admission
      },
      startedAt: performance.now(),
      answer: (httpCall) => modelInfer(context.serving, httpCall),
    },
  })
  admission?.release()
  const writer = new ProtobufWriter()
  if (Buffer.isBuffer(answered)) writer.delimited(2, answered)
  else writer.string(1, answered.details)
  return bufferOver(writer.finish())
}
