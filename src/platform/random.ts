/**
 * Seeded random numbers that are the same on every machine: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear
 * pseudorandom number generators", ACM TOMS 47(4), 2021), its state filled from the seed by splitmix32. Not for secrets.
 */
export interface Random {
  /** An integer, uniform in [0, 2^32). */
  readonly integer: () => number
  /** A number, uniform in [0, 1), with 53 random bits. */
  readonly uniform: () => number
  /** An integer, uniform in [0, bound); `bound` at most 2^32. */
  readonly below: (bound: number) => number
  /** A number from the standard normal distribution. */
  readonly normal: () => number
  /** An independent generator for a named part of the work, so that one part never shifts the numbers of another. */
  readonly fork: (name: string) => Random
}

export type RandomState = readonly [number, number, number, number]

const two32 = 4294967296

/** @param seed any safe integer; the same seed always gives the same numbers */
export function createRandom(seed: number): Random {
  return randomFrom(stateOf(seed), seed)
}

/** A generator from its bare state, which must not be all zero. */
export function randomFrom(state: RandomState, seed = 0): Random {
  let [a, b, c, d] = state

  function integer(): number {
    const scaled = Math.imul(b, 5)
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }

  function uniform(): number {
    return ((integer() >>> 5) * 67108864 + (integer() >>> 6)) / 9007199254740992
  }

  function below(bound: number): number {
    // Rejects the incomplete last block, so that every value is equally likely.
    const limit = two32 - (two32 % bound)
    let drawn = integer()
    while (drawn >= limit) drawn = integer()
    return drawn % bound
  }

  function normal(): number {
    // Box and Muller (1958); 1 - u keeps the logarithm away from zero.
    return Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  }

  return { integer, uniform, below, normal, fork: (name) => createRandom(hash(name, seed)) }
}

function stateOf(seed: number): RandomState {
  const low = splitmix(seed >>> 0)
  const high = splitmix((Math.floor(seed / two32) ^ 0x85ebca6b) >>> 0)
  return [low(), low(), high(), high()]
}

function splitmix(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x9e3779b9) | 0
    let word = state ^ (state >>> 16)
    word = Math.imul(word, 0x21f0aaad)
    word ^= word >>> 15
    word = Math.imul(word, 0x735a2d97)
    return (word ^ (word >>> 15)) >>> 0
  }
}

/** FNV-1a over the name's UTF-16 units, started from the seed: 53 bits from two passes. */
function hash(name: string, seed: number): number {
  return fnv(name, seed >>> 0) + (fnv(name, Math.floor(seed / two32) ^ 0x5bd1e995) & 0x1fffff) * two32
}

function fnv(name: string, start: number): number {
  let value = 0x811c9dc5 ^ start
  for (let index = 0; index < name.length; index += 1) {
    value = Math.imul(value ^ name.charCodeAt(index), 0x01000193)
  }
  return value >>> 0
}
