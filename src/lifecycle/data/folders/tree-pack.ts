import { open, type FileHandle } from 'node:fs/promises'
import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { fail } from '#contract/errors'
import { digestOf, type BlobStore, type Digest } from '#platform/blobs/index'

/**
 * The nodes that one `add` makes go into one blob: thousands of directories would be thousands of synced files. At the
 * end of the blob is a table of what is in it: digest, offset, stored and plain size of each node, then how many, then
 * the mark.
 */
const mark = Buffer.from('dvmltree1')
const rowBytes = 32 + 8 + 4 + 4
const tailBytes = 4 + mark.length
/** Nodes wait in memory until so many bytes are together. */
const packBytes = 32 * 1024 * 1024

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

export interface PackWriter {
  add(digest: Digest, text: string): Promise<void>
  /** The blobs that were written; none when nothing was added. */
  end(): Promise<Digest[]>
}

export function createPackWriter(blobs: Pick<BlobStore, 'put'>): PackWriter {
  const packs: Digest[] = []
  let chunks: Uint8Array[] = []
  let rows: Buffer[] = []
  let offset = 0
  const flush = async (): Promise<void> => {
    if (rows.length === 0) return
    const tail = Buffer.alloc(tailBytes)
    tail.writeUInt32LE(rows.length)
    mark.copy(tail, 4)
    const { digest } = await blobs.put(Buffer.concat([...chunks, ...rows, tail]))
    packs.push(digest)
    chunks = []
    rows = []
    offset = 0
  }
  return {
    add: async (digest, text) => {
      const plain = Buffer.from(text)
      const stored = await compress(plain)
      const row = Buffer.alloc(rowBytes)
      row.write(digest.slice('sha256:'.length), 'hex')
      row.writeBigUInt64LE(BigInt(offset), 32)
      row.writeUInt32LE(stored.length, 40)
      row.writeUInt32LE(plain.length, 44)
      chunks.push(stored)
      rows.push(row)
      offset += stored.length
      if (offset >= packBytes) await flush()
    },
    end: async () => {
      await flush()
      return packs
    },
  }
}

interface Place {
  readonly pack: Digest
  readonly file: FileHandle
  readonly offset: number
  readonly storedBytes: number
}

/** The nodes in some packs, read one by one. */
export interface PackReader extends AsyncDisposable {
  has(digest: Digest): boolean
  /** The pack that a node is in. */
  packOf(digest: Digest): Digest | undefined
  /** @throws storage_corrupt when the node is in no pack, or its bytes are others. */
  text(digest: Digest): Promise<string>
}

export async function openPacks(
  blobs: Pick<BlobStore, 'localPath'>,
  packs: readonly Digest[],
): Promise<PackReader> {
  const places = new Map<string, Place>()
  const files: FileHandle[] = []
  const close = async (): Promise<void> => void (await Promise.all(files.map((file) => file.close())))
  try {
    for (const pack of packs) {
      const file = await open(await blobs.localPath(pack))
      files.push(file)
      await readTable(file, pack, places)
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    has: (digest) => places.has(digest),
    packOf: (digest) => places.get(digest)?.pack,
    text: async (digest) => {
      const place = places.get(digest) ?? damaged(`the list of files ${digest} is in none of its packs`)
      const stored = Buffer.allocUnsafe(place.storedBytes)
      await place.file.read(stored, 0, stored.length, place.offset)
      const plain = await decompress(stored).catch(() => damaged(`${place.pack} cannot be unpacked`))
      if (digestOf(plain) !== digest) damaged(`a list of files in ${place.pack} is not what it was`)
      return plain.toString()
    },
    [Symbol.asyncDispose]: close,
  }
}

async function readTable(file: FileHandle, pack: Digest, places: Map<string, Place>): Promise<void> {
  const { size } = await file.stat()
  const tail = Buffer.alloc(tailBytes)
  await file.read(tail, 0, tailBytes, Math.max(0, size - tailBytes))
  if (!tail.subarray(4).equals(mark)) damaged(`${pack} holds no lists of files`)
  const table = Buffer.allocUnsafe(tail.readUInt32LE() * rowBytes)
  const start = size - tailBytes - table.length
  if (start < 0) damaged(`${pack} is too short`)
  await file.read(table, 0, table.length, start)
  for (let at = 0; at < table.length; at += rowBytes) {
    places.set(`sha256:${table.toString('hex', at, at + 32)}`, {
      pack,
      file,
      offset: Number(table.readBigUInt64LE(at + 32)),
      storedBytes: table.readUInt32LE(at + 40),
    })
  }
}

function damaged(what: string): never {
  return fail('storage_corrupt', `Of a stored version, ${what}.`, {
    hint: 'devmlops data verify tells what else is damaged; devmlops data pull fetches it again.',
  })
}
