import { DevmlopsError, fail } from '#contract/errors'
import { answerFailure, beginAnswer, isGone } from './grpc-answer.ts'
import { failureOf, type GrpcCall } from './grpc-call.ts'
import type { GrpcContext } from './grpc-context.ts'
import { watchHealth } from './health-service.ts'
import { FrameReader, messageFrame, type Frame } from './message-frames.ts'

const requestBytes = 4096

/** `grpc.health.v1.Health/Watch`. Returns how to end it when the server goes. */
export function answerWatch({ serving, log }: GrpcContext, { stream }: GrpcCall): () => void {
  const reader = new FrameReader()
  let frame: Frame | undefined
  let answers: ReturnType<typeof beginAnswer> | undefined
  stream.on('data', (chunk: Buffer) => {
    if (frame !== undefined || isGone(stream)) return
    try {
      reader.push(chunk)
      frame = reader.next(requestBytes)
      if (frame === undefined) return
      if (frame.isCompressed) fail('unsupported_media_type', 'This request is not read compressed.')
      const { message } = frame
      const stop = watchHealth(serving, message, (answer) => {
        answers ??= beginAnswer(stream)
        if (!stream.destroyed) stream.write(messageFrame(answer))
      })
      stream.once('close', stop)
    } catch (error) {
      answerFailure(stream, failureOf(error, log))
    }
  })
  return () => {
    const failure = failureOf(shuttingDown(), log)
    if (answers === undefined) answerFailure(stream, failure)
    else answers.finish(failure)
  }
}

export function shuttingDown(): DevmlopsError {
  return new DevmlopsError('not_ready', 'The server is shutting down.', { hint: 'Ask another one.' })
}
