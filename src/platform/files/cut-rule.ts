import { createHash } from 'node:crypto'

/**
 * Where files are cut: FastCDC (Xia et al., USENIX ATC 2016) with normalised chunking of level 2 and a gear hash of 32
 * bits. A cut depends on the 32 bytes before it, so that an insertion moves the cuts near it and no others. These numbers
 * decide what is found again: changed, every large file is stored anew once.
 */
export const cutRule = {
  minBytes: 16 * 1024,
  /** Before this the stricter mask, after it the looser one, so that most chunks are about this long. */
  normalBytes: 64 * 1024,
  maxBytes: 256 * 1024,
  /** 18 and 14 bits; the highest bit is left out, since the kernel looks at the hash shifted by one. */
  strictMask: 0x7fffe000,
  looseMask: 0x7ffe0000,
} as const

/** A file up to here is one chunk: to cut it further would save less than the places cost. */
export const oneChunkBytes = 128 * 1024

/** 256 numbers without a pattern: the first four bytes of the SHA-256 of each byte. */
export function gearTable(): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) =>
    createHash('sha256').update(Uint8Array.of(byte)).digest().readUInt32LE(0),
  )
}

/** The length of the next chunk of `bytes`, in plain words: what the kernel must answer too. */
export function cutPlainly(bytes: Uint8Array, gear: Uint32Array): number {
  const { minBytes, normalBytes, maxBytes, strictMask, looseMask } = cutRule
  const end = Math.min(bytes.length, maxBytes)
  let hash = 0
  for (let at = minBytes; at < end; at++) {
    hash = ((hash << 1) + (gear[bytes[at] as number] as number)) | 0
    if ((hash & (at < normalBytes ? strictMask : looseMask)) === 0) return at + 1
  }
  return end
}
