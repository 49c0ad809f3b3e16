/**
 * Which variant answers: the key's bucket, a fixed point in [0, 100), falls into the range of one variant. Every variant
 * but the champion has its range from 0 upwards and the champion has what is left at the end, so that a canary that grows
 * keeps every key it had, and the champion's keys move only to the canary.
 */
export interface TrafficSplit<Variant> {
  choose(key: string): Variant
}

interface Weighted {
  readonly name: string
  readonly weight: number
}

export function trafficSplit<Variant extends Weighted>(
  salt: string,
  variants: readonly Variant[],
): TrafficSplit<Variant> {
  const ordered = variants.filter((variant) => variant.weight > 0).sort(championLast)
  let sum = 0
  const upperEnds = ordered.map((variant) => (sum += variant.weight))
  const last = ordered.length - 1
  return {
    choose: (key) => {
      if (last === 0) return ordered[0] as Variant
      const bucket = bucketOf(salt, key)
      const index = upperEnds.findIndex((end) => bucket < end)
      return ordered[index === -1 ? last : index] as Variant
    },
  }
}

function championLast(left: Weighted, right: Weighted): number {
  return Number(left.name === 'champion') - Number(right.name === 'champion')
}

/**
 * A number in [0, 100) that depends on nothing but its arguments: FNV-1a over UTF-16 units, then the finalizer of
 * MurmurHash3, without which FNV's high bits hardly move on short keys.
 */
export function bucketOf(salt: string, key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < salt.length; i++) hash = Math.imul(hash ^ salt.charCodeAt(i), 0x01000193)
  // A separator that no text contains keeps ("a", "bc") apart from ("ab", "c").
  hash = Math.imul(hash ^ 0x10000, 0x01000193)
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  hash ^= hash >>> 16
  return ((hash >>> 0) / 2 ** 32) * 100
}
