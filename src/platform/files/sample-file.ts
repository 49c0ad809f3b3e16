import { hash } from 'node:crypto'
import { constants, zstdCompressSync } from 'node:zlib'
import { createCutKernel, type CutKernel } from './cut-kernel.ts'
import type { SourceFile } from './source-file.ts'

/** What a few places of a large file tell about the whole. */
export interface FileSample {
  readonly sizeBytes: number
  readonly compressible: boolean
  /** SHA-256 of some of its chunks, in hexadecimal digits one after the other: are they known? */
  readonly chunks: string
}

const places = 8
const placeBytes = 1024 * 1024
const compressedBytes = 64 * 1024
const worthwhile = 0.9
const level = { params: { [constants.ZSTD_c_compressionLevel]: 1 } }

/** Files that are read in place, by their columns: they stay plain, compressed inside as they are. */
const readInPlace = ['PAR1', 'ARROW1']

let kernel: CutKernel | undefined

export function sampleFile(source: SourceFile): FileSample {
  const { sizeBytes } = source
  kernel ??= createCutKernel(placeBytes)
  const chunks: string[] = []
  let packed = 0
  let looked = 0
  let isReadInPlace = false
  for (let place = 0; place < places; place++) {
    const position = Math.floor(((sizeBytes - placeBytes) / (places - 1)) * place)
    const bytes = kernel.bytes.subarray(0, placeBytes)
    source.read(bytes, position)
    if (position === 0)
      isReadInPlace = readInPlace.some((magic) =>
        Buffer.from(bytes.subarray(0, 8)).toString('latin1').startsWith(magic),
      )
    const piece = bytes.subarray(0, compressedBytes)
    packed += zstdCompressSync(piece, level).byteLength
    looked += piece.byteLength
    // The first chunk of a place begins anywhere and the last one is cut short; those between are the file's own.
    const cuts = [0]
    for (let at = 0; at < placeBytes;) cuts.push((at = kernel.cut(at, placeBytes)))
    for (let index = position === 0 ? 0 : 1; index + 2 < cuts.length; index++)
      chunks.push(hash('sha256', kernel.bytes.subarray(cuts[index], cuts[index + 1]), 'hex'))
    if (sizeBytes <= placeBytes) break
  }
  return {
    sizeBytes,
    compressible: !isReadInPlace && packed <= looked * worthwhile,
    chunks: chunks.join(''),
  }
}
