import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { fail } from '#contract/errors'

/**
 * Messages on a stream: a byte that says whether the message is compressed, four of its length, the message
 * (github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md).
 */
const prefixBytes = 5

export function messageFrame(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(prefixBytes + message.length)
  frame[0] = 0
  frame.writeUInt32BE(message.length, 1)
  frame.set(message, prefixBytes)
  return frame
}

export interface Frame {
  readonly isCompressed: boolean
  readonly message: Buffer
}

/** Cuts messages out of the bytes of a stream. A message that came in one piece is a view of it. */
export class FrameReader {
  #chunks: Buffer[] = []
  #length = 0

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** Bytes that are not yet part of a message that was taken. */
  get length(): number {
    return this.#length
  }

  /** The next whole message, if there is one. Fails with `payload_too_large` as soon as a prefix says so. */
  next(limitBytes: number): Frame | undefined {
    if (this.#length < prefixBytes) return undefined
    const first = this.#chunks[0] as Buffer
    const prefix = first.length >= prefixBytes ? first : this.#joined()
    const flag = prefix[0] as number
    const length = prefix.readUInt32BE(1)
    if (flag > 1) fail('invalid_input', 'The message has no valid prefix.')
    if (length > limitBytes) {
      fail('payload_too_large', `The message has ${length} bytes; ${limitBytes} are allowed.`, {
        hint: 'Send fewer rows per request, or raise limits.bodyBytes of the deployment.',
      })
    }
    const end = prefixBytes + length
    if (this.#length < end) return undefined
    const whole = (this.#chunks[0] as Buffer).length >= end ? (this.#chunks[0] as Buffer) : this.#joined()
    const rest = whole.subarray(end)
    if (rest.length === 0) this.#chunks.shift()
    else this.#chunks[0] = rest
    this.#length -= end
    return { isCompressed: flag === 1, message: whole.subarray(prefixBytes, end) }
  }

  #joined(): Buffer {
    const joined = Buffer.concat(this.#chunks, this.#length)
    this.#chunks = [joined]
    return joined
  }
}

export const acceptedEncodings = 'identity,deflate,gzip'

const decompressors = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const

export function isAcceptedEncoding(encoding: unknown): boolean {
  return (
    encoding === undefined ||
    (typeof encoding === 'string' && (encoding === 'identity' || Object.hasOwn(decompressors, encoding)))
  )
}

/** Never more than the limit, however much a few bytes would grow to. */
export async function decompressed(message: Buffer, encoding: unknown, limitBytes: number): Promise<Buffer> {
  const decompress = decompressors[encoding as keyof typeof decompressors]
  if (decompress === undefined)
    return fail('invalid_input', 'A message is compressed, but grpc-encoding does not say how.')
  try {
    return await decompress(message, { maxOutputLength: limitBytes })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      return fail('payload_too_large', `The message grows to more than ${limitBytes} bytes.`)
    return fail('invalid_input', `The message is not compressed as ${String(encoding)}.`)
  }
}
