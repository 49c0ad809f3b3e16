/**
 * Gives the memory of a chunk back at once. To be called by whoever was handed the chunk, when nobody looks at it any more.
 *
 * A gigabyte that passes through the process is thousands of buffers which the collector sees as tiny objects, so it
 * waits, until the memory behind them forces it to look at the whole heap: measured at a second of each gigabyte.
 */
export function releaseChunk({ buffer, byteLength }: Uint8Array): void {
  // Less than the whole of its memory may be one of several views of it.
  if (buffer instanceof ArrayBuffer && byteLength === buffer.byteLength) buffer.transfer(0)
}

/** The chunks of a stream that are only looked at until the next is asked for. */
export async function* releasing(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk
    releaseChunk(chunk)
  }
}
