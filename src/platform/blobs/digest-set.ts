import type { Digest } from './blob-store.ts'

/** Which of many digests are in it, in 16 to 32 bytes each. */
export interface DigestSet {
  readonly size: number
  add(digest: Digest): void
  has(digest: Digest): boolean
}

/** So many bits of a digest are a whole number that a double holds exactly. */
const hexDigits = 13

/**
 * Open addressing over the first 52 bits. Two digests that share them are one here: among a million, once in ten thousand
 * sets, and then bytes that could go stay.
 */
export function createDigestSet(capacity = 1024): DigestSet {
  let slots = new Float64Array(capacity)
  let size = 0

  const place = (table: Float64Array, key: number): number => {
    let index = key % table.length
    while (table[index] !== 0 && table[index] !== key) index = (index + 1) % table.length
    return index
  }

  const grow = (): void => {
    const larger = new Float64Array(slots.length * 2)
    for (const key of slots) if (key !== 0) larger[place(larger, key)] = key
    slots = larger
  }

  return {
    get size() {
      return size
    },
    add: (digest) => {
      const key = keyOf(digest)
      const index = place(slots, key)
      if (slots[index] !== 0) return
      slots[index] = key
      size += 1
      if (size * 2 > slots.length) grow()
    },
    has: (digest) => slots[place(slots, keyOf(digest))] !== 0,
  }
}

/** Never 0, which is an empty slot. */
function keyOf(digest: Digest): number {
  return Number.parseInt(digest.slice('sha256:'.length, 'sha256:'.length + hexDigits), 16) + 1
}
