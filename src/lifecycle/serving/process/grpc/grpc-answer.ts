import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { GrpcFailure } from './grpc-call.ts'
import { acceptedEncodings } from './message-frames.ts'

const opening = {
  ':status': 200,
  'content-type': 'application/grpc+proto',
  'grpc-accept-encoding': acceptedEncodings,
}

/** Opens the answer; `finish` ends it. Messages are written in between. */
export function beginAnswer(stream: ServerHttp2Stream): {
  finish(failure?: GrpcFailure, last?: Buffer): void
} {
  let trailers: OutgoingHttpHeaders = succeeded
  stream.respond(opening, { waitForTrailers: true })
  stream.once('wantTrailers', () => {
    if (!stream.destroyed) stream.sendTrailers(trailers)
  })
  return {
    finish: (failure, last) => {
      if (stream.destroyed || stream.writableEnded) return
      if (failure !== undefined) trailers = statusHeaders(failure)
      if (last === undefined) stream.end()
      else stream.end(last)
    },
  }
}

/** One message and success. */
export function answerOnce(stream: ServerHttp2Stream, frame: Buffer): void {
  if (!isGone(stream)) beginAnswer(stream).finish(undefined, frame)
}

/** A failure before any message: a single block of headers. */
export function answerFailure(stream: ServerHttp2Stream, failure: GrpcFailure): void {
  if (isGone(stream)) return
  stream.respond({ ...opening, ...statusHeaders(failure) }, { endStream: true })
  // A client that is still sending would otherwise go on, and its bytes be kept for nobody.
  stream.resume()
}

export function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed || stream.headersSent
}

const succeeded = { 'grpc-status': '0' }

function statusHeaders({ code, details, retryAfterMs }: GrpcFailure): OutgoingHttpHeaders {
  return {
    'grpc-status': String(code),
    'grpc-message': encodeURI(details),
    // What clients with a retry policy wait for (gRFC A6).
    ...(retryAfterMs === undefined ? {} : { 'grpc-retry-pushback-ms': String(retryAfterMs) }),
  }
}
