/** A file changed within so many nanoseconds before it was looked at may change again without a new time: ticks are 10 ms. */
const tickNs = 20_000_000n
/** Times without a fraction come from a file system that counts whole seconds, or pairs of them. */
const coarseTickNs = 2_100_000_000n
const secondNs = 1_000_000_000n

export function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n
}

/**
 * Whether a file with that time of its inode can be told from one that is changed after it was looked at. As in Git
 * (racy-git, "racily clean"), a time that is too near does not count; the inode's decides, which no program can set.
 */
export function isSettled(ctimeNs: bigint, lookedAtNs: bigint): boolean {
  return ctimeNs < lookedAtNs - (ctimeNs % secondNs === 0n ? coarseTickNs : tickNs)
}
