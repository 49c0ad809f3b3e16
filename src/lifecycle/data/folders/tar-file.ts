/** A file for an archive. The size is exact. */
export interface TarEntry {
  readonly path: string
  readonly sizeBytes: number
  readonly executable: boolean
  /** Epoch seconds. */
  readonly changedAt: number
  content(): Promise<AsyncIterable<Uint8Array>>
}

const blockBytes = 512
/** What the octal field of a header can say. */
const mostHeaderSize = 8 ** 11 - 1

/**
 * An archive as POSIX.1-2001 pax writes it: a ustar header for each file, and before it a record of what that header cannot
 * say (a path over 100 bytes or beyond ASCII, a size of 8 GiB and more).
 */
export async function* tarOf(entries: AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const { path, sizeBytes } = entry
    const records = [
      ...(isShortAscii(path) ? [] : [paxRecord('path', path)]),
      ...(sizeBytes > mostHeaderSize ? [paxRecord('size', String(sizeBytes))] : []),
    ]
    if (records.length > 0) {
      const body = Buffer.from(records.join(''))
      yield header({ path: 'PaxHeader/file', sizeBytes: body.length, mode: 0o644, type: 'x', changedAt: 0 })
      yield padded(body)
    }
    yield header({ ...entry, mode: entry.executable ? 0o755 : 0o644, type: '0' })
    yield* await entry.content()
    yield Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes)
  }
  yield Buffer.alloc(2 * blockBytes)
}

interface Header {
  readonly path: string
  readonly sizeBytes: number
  readonly mode: number
  readonly type: '0' | 'x'
  readonly changedAt: number
}

function header({ path, sizeBytes, mode, type, changedAt }: Header): Buffer {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, digits: number): void =>
    void block.write(value.toString(8).padStart(digits, '0'), at)
  Buffer.from(path).copy(block, 0, 0, 100)
  octal(mode, 100, 7)
  octal(0, 108, 7)
  octal(0, 116, 7)
  octal(Math.min(sizeBytes, mostHeaderSize), 124, 11)
  octal(Math.floor(changedAt), 136, 11)
  block.write('        ', 148)
  block.write(type, 156)
  block.write('ustar\x0000', 257)
  const sum = block.reduce((total, byte) => total + byte, 0)
  octal(sum, 148, 6)
  block.write('\0 ', 154)
  return block
}

/** `LENGTH KEY=VALUE\n`, where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const restBytes = Buffer.byteLength(rest)
  let length = restBytes + 1
  while (String(length).length + restBytes !== length) length = String(length).length + restBytes
  return `${length}${rest}`
}

function padded(body: Buffer): Buffer {
  return Buffer.concat([body, Buffer.alloc((blockBytes - (body.length % blockBytes)) % blockBytes)])
}

function isShortAscii(path: string): boolean {
  // eslint-disable-next-line no-control-regex -- ASCII is meant
  return path.length <= 100 && /^[\x20-\x7E]*$/.test(path)
}
