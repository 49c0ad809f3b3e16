import type { Readable } from 'node:stream'
import { DevmlopsError } from '#contract/errors'

/**
 * What goes over the pipe, both ways: the lengths of header and payload (unsigned 32-bit, little-endian), the header as
 * JSON, and bytes.
 */
export interface Frame {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Uint8Array
}

const prefixBytes = 8
const mostBytes = 1024 * 1024 * 1024

export function frameChunks(header: object, parts: readonly Uint8Array[] = []): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(header))
  const prefix = Buffer.alloc(prefixBytes)
  prefix.writeUInt32LE(text.length, 0)
  prefix.writeUInt32LE(
    parts.reduce((sum, part) => sum + part.length, 0),
    4,
  )
  return [prefix, text, ...parts]
}

/** Puts the chunks of a pipe together again. `onFailure` is told when they are no frames. */
export function readFrames(
  source: Readable,
  onFrame: (frame: Frame) => void,
  onFailure: (error: DevmlopsError) => void,
): void {
  let chunks: Buffer[] = []
  let have = 0
  let need = prefixBytes
  let lengths: { header: number; payload: number } | undefined
  source.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    have += chunk.length
    try {
      while (have >= need) {
        const bytes = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)
        const whole = bytes.subarray(0, need)
        chunks = bytes.length === need ? [] : [bytes.subarray(need)]
        have -= need
        if (lengths === undefined) {
          lengths = { header: whole.readUInt32LE(0), payload: whole.readUInt32LE(4) }
          need = lengths.header + lengths.payload
          if (need > mostBytes) throw new Error(`it announces ${need} bytes`)
        } else {
          const header = JSON.parse(whole.toString('utf8', 0, lengths.header)) as Frame['header']
          onFrame({ header, payload: whole.subarray(lengths.header) })
          lengths = undefined
          need = prefixBytes
        }
      }
    } catch (error) {
      source.removeAllListeners('data')
      onFailure(new DevmlopsError('internal', `The Python worker wrote no frame: ${String(error)}.`))
    }
  })
}
