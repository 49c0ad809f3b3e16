import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { fail } from '#contract/errors'
import { murmur3 } from '../transforms/murmur3.ts'

export type StoredCell = string | number | boolean | null

/** The newest values of one key. */
export interface StoredValues {
  readonly key: readonly StoredCell[]
  /** When the row that they are of happened; epoch milliseconds. */
  readonly at: number
  /** In the order of the header's features. */
  readonly values: readonly StoredCell[]
}

const headerSchema = z.object({
  view: z.string(),
  version: z.number(),
  entity: z.array(z.string()),
  features: z.array(z.string()),
  ttlMs: z.number().nullable(),
  /** Rows that were known up to this moment are in it; epoch milliseconds. */
  watermark: z.number(),
  keys: z.number(),
  slots: z.number(),
})
export type ValueFileHeader = z.infer<typeof headerSchema>

/**
 * A file that is a hash table: magic, length of the header, header as JSON, slots, records. A slot is the second hash of
 * a key (4 bytes) and where its record begins (8 bytes as a double, 0 when empty); the next slot is tried when the hash is
 * another's. A record is a key, the time and the values. Looking a key up reads one slot and one record, wherever in
 * the file they are, and keeps nothing in memory.
 */
const magic = 'DMFEAT01'
const preambleBytes = 12
const slotBytes = 12
const secondSeed = 0x9747b28c
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Equal keys have equal text: 1 and 1.0 are one key, "1" is another. */
function keyText(key: readonly StoredCell[]): string {
  return JSON.stringify(key.map((cell) => (cell === 0 ? 0 : cell)))
}

/** Writes aside and renames, so that a reader sees the old file or the new one. */
export async function writeValueFile(
  path: string,
  header: Omit<ValueFileHeader, 'slots'>,
  entries: Iterable<StoredValues> | AsyncIterable<StoredValues>,
): Promise<number> {
  // At most two of three slots are taken, so that a search is short.
  const slots = 2 ** Math.ceil(Math.log2(Math.max(16, header.keys * 1.5)))
  const head = encoder.encode(JSON.stringify({ ...header, slots }))
  const preamble = Buffer.alloc(preambleBytes)
  preamble.write(magic, 'latin1')
  preamble.writeUInt32LE(head.length, 8)
  const index = Buffer.alloc(slots * slotBytes)
  const aside = `${path}.new`
  const file = openSync(aside, 'w')
  try {
    let position = preambleBytes + head.length + index.length
    let pending: Uint8Array[] = []
    let pendingBytes = 0
    const flush = (): void => {
      writeFully(file, Buffer.concat(pending), position - pendingBytes)
      pending = []
      pendingBytes = 0
    }
    let written = 0
    for await (const entry of entries) {
      const record = recordOf(entry)
      place(index, slots, { key: record.key, offset: position })
      pending.push(record.bytes)
      position += record.bytes.length
      pendingBytes += record.bytes.length
      written++
      if (pendingBytes > 1 << 20) flush()
    }
    flush()
    if (written !== header.keys) fail('internal', `${written} keys were written of ${header.keys}.`)
    writeFully(file, preamble, 0)
    writeFully(file, head, preambleBytes)
    writeFully(file, index, preambleBytes + head.length)
    fsyncSync(file)
    renameSync(aside, path)
    return position
  } catch (error) {
    rmSync(aside, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}

function recordOf({ key, at, values }: StoredValues): { key: Uint8Array; bytes: Uint8Array } {
  const keyBytes = encoder.encode(keyText(key))
  const valueBytes = encoder.encode(JSON.stringify(values))
  const bytes = Buffer.alloc(16 + keyBytes.length + valueBytes.length)
  bytes.writeUInt32LE(keyBytes.length, 0)
  bytes.writeUInt32LE(valueBytes.length, 4)
  bytes.writeDoubleLE(at, 8)
  bytes.set(keyBytes, 16)
  bytes.set(valueBytes, 16 + keyBytes.length)
  return { key: keyBytes, bytes }
}

function place(index: Buffer, slots: number, { key, offset }: { key: Uint8Array; offset: number }): void {
  const tag = murmur3(key, secondSeed)
  for (let slot = murmur3(key) & (slots - 1); ; slot = (slot + 1) & (slots - 1)) {
    const at = slot * slotBytes
    if (index.readDoubleLE(at + 4) !== 0) continue
    index.writeUInt32LE(tag, at)
    index.writeDoubleLE(offset, at + 4)
    return
  }
}

function writeFully(file: number, bytes: Uint8Array, position: number): void {
  for (let written = 0; written < bytes.length;) {
    written += writeSync(file, bytes, written, bytes.length - written, position + written)
  }
}

/** Slots that are read at once: a search seldom leaves them. */
const slotsPerRead = 8

export interface ValueFile {
  readonly header: ValueFileHeader
  get(key: readonly StoredCell[]): StoredValues | undefined
  /** All entries, in the order they were written. */
  entries(): Generator<StoredValues>
  close(): void
}

/** @throws unreadable_data when it is not a whole file of values; the error of the file system when it is not there */
export function openValueFile(path: string): ValueFile {
  const file = openSync(path, 'r')
  try {
    const header = readHeader(file, path)
    const { slots } = header.fields
    const slotBuffer = Buffer.alloc(slotBytes * slotsPerRead)
    const read = (bytes: Uint8Array, position: number): void => {
      if (readSync(file, bytes, 0, bytes.length, position) < bytes.length) torn(path)
    }
    const recordAt = (position: number): { entry: StoredValues; keyBytes: Uint8Array; next: number } => {
      // One read is enough for most records.
      let bytes = Buffer.alloc(512)
      const got = readSync(file, bytes, 0, bytes.length, position)
      if (got < 16) torn(path)
      const keyLength = bytes.readUInt32LE(0)
      const length = 16 + keyLength + bytes.readUInt32LE(4)
      if (length > got) {
        bytes = Buffer.alloc(length)
        read(bytes, position)
      }
      const keyBytes = bytes.subarray(16, 16 + keyLength)
      const entry = {
        key: JSON.parse(decoder.decode(keyBytes)) as StoredCell[],
        at: bytes.readDoubleLE(8),
        values: JSON.parse(decoder.decode(bytes.subarray(16 + keyLength, length))) as StoredCell[],
      }
      return { entry, keyBytes, next: position + length }
    }
    return {
      header: header.fields,
      get: (key) => {
        const bytes = encoder.encode(keyText(key))
        const tag = murmur3(bytes, secondSeed)
        let slot = murmur3(bytes) & (slots - 1)
        for (;;) {
          const count = Math.min(slotsPerRead, slots - slot)
          const view = slotBuffer.subarray(0, count * slotBytes)
          read(view, header.indexAt + slot * slotBytes)
          for (let i = 0; i < count; i++) {
            const offset = view.readDoubleLE(i * slotBytes + 4)
            if (offset === 0) return undefined
            if (view.readUInt32LE(i * slotBytes) !== tag) continue
            const { entry, keyBytes } = recordAt(offset)
            if (Buffer.compare(keyBytes, bytes) === 0) return entry
          }
          slot = (slot + count) & (slots - 1)
        }
      },
      *entries() {
        let position = header.indexAt + slots * slotBytes
        for (let i = 0; i < header.fields.keys; i++) {
          const { entry, next } = recordAt(position)
          yield entry
          position = next
        }
      },
      close: () => closeSync(file),
    }
  } catch (error) {
    closeSync(file)
    throw error
  }
}

function readHeader(file: number, path: string): { fields: ValueFileHeader; indexAt: number } {
  const preamble = Buffer.alloc(preambleBytes)
  if (readSync(file, preamble, 0, preambleBytes, 0) < preambleBytes) torn(path)
  if (preamble.toString('latin1', 0, 8) !== magic) torn(path)
  const length = preamble.readUInt32LE(8)
  if (length > 1 << 20) torn(path)
  const bytes = Buffer.alloc(length)
  if (readSync(file, bytes, 0, length, preambleBytes) < length) torn(path)
  const parsed = headerSchema.safeParse(JSON.parse(decoder.decode(bytes)))
  if (!parsed.success) return torn(path)
  return { fields: parsed.data, indexAt: preambleBytes + length }
}

function torn(path: string): never {
  return fail('unreadable_data', `${path} is not a whole file of feature values.`, {
    hint: 'Make it anew: devmlops features materialize VIEW --full',
  })
}
