/**
 * MurmurHash3 x86 32 bit (Austin Appleby, public domain), as onnxruntime computes it in `com.microsoft.MurmurHash3` with
 * `positive: 1`: the same text has the same number here and in a model's graph.
 */
export function murmur3(bytes: Uint8Array, seed = 0): number {
  let hash = seed
  const whole = bytes.length & ~3
  for (let i = 0; i < whole; i += 4) {
    const block =
      (bytes[i] as number) |
      ((bytes[i + 1] as number) << 8) |
      ((bytes[i + 2] as number) << 16) |
      ((bytes[i + 3] as number) << 24)
    hash ^= scramble(block)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let tail = 0
  for (let i = bytes.length - 1; i >= whole; i--) tail = (tail << 8) | (bytes[i] as number)
  if (whole < bytes.length) hash ^= scramble(tail)
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(block: number): number {
  const mixed = Math.imul(block, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
