import type { TreePredictor } from '../compiled/index.ts'

export interface RandomTrees {
  readonly trees: number
  readonly depth: number
  readonly columns: number
  readonly targets?: number
  readonly hasCover?: boolean
  readonly seed?: number
}

export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

/** Trees that ask about the same columns again on the way, with leaves at different depths. */
export function randomTrees(given: RandomTrees): TreePredictor {
  const { trees, depth, columns, targets = 1, hasCover = true, seed = 7 } = given
  const next = randomNumbers(seed)
  const feature: number[] = []
  const mode: number[] = []
  const threshold: number[] = []
  const yes: number[] = []
  const no: number[] = []
  const cover: number[] = []
  const missing: number[] = []
  const leafStart = [0]
  const leafTarget: number[] = []
  const leafWeight: number[] = []
  const grow = (level: number, rows: number): number => {
    const node = feature.length
    const isLeaf = level === depth || rows < 2 || (level > 1 && next() < 0.15)
    feature.push(isLeaf ? -1 : Math.floor(next() * columns))
    mode.push(next() < 0.5 ? 0 : 1)
    threshold.push(next())
    missing.push(Number(next() < 0.5))
    cover.push(rows)
    yes.push(0)
    no.push(0)
    if (isLeaf)
      for (let target = 0; target < targets; target++) {
        leafTarget.push(target)
        leafWeight.push(next() * 2 - 1)
      }
    leafStart.push(leafTarget.length)
    if (isLeaf) return node
    const share = 1 + Math.floor(next() * (rows - 1))
    yes[node] = grow(level + 1, share)
    no[node] = grow(level + 1, rows - share)
    return node
  }
  const roots = Array.from({ length: trees }, () => grow(0, 1 << (depth + 3)))
  return {
    kind: 'trees',
    targets,
    roots: Int32Array.from(roots),
    feature: Int32Array.from(feature),
    mode: Uint8Array.from(mode),
    threshold: Float64Array.from(threshold),
    yes: Int32Array.from(yes),
    no: Int32Array.from(no),
    missingGoesYes: Uint8Array.from(missing),
    memberStart: new Int32Array(feature.length + 1),
    members: new Float64Array(0),
    leafStart: Int32Array.from(leafStart),
    leafTarget: Int32Array.from(leafTarget),
    leafWeight: Float64Array.from(leafWeight),
    cover: hasCover ? Float64Array.from(cover) : undefined,
    aggregate: 'sum',
    base: Float64Array.from({ length: targets }, () => 0.25),
  }
}

/** Shapley values by their definition: over all subsets, with the value that a subset has. */
export function shapleyByDefinition(
  players: number,
  valueOf: (known: readonly boolean[]) => number,
): number[] {
  const values = Array.from({ length: 2 ** players }, (_, mask) =>
    valueOf(Array.from({ length: players }, (__, player) => ((mask >> player) & 1) === 1)),
  )
  const factorial = (n: number): number => (n <= 1 ? 1 : n * factorial(n - 1))
  return Array.from({ length: players }, (_, player) => {
    let sum = 0
    for (let mask = 0; mask < values.length; mask++) {
      if ((mask >> player) & 1) continue
      let size = 0
      for (let rest = mask; rest > 0; rest &= rest - 1) size++
      const weight = (factorial(size) * factorial(players - size - 1)) / factorial(players)
      sum += weight * ((values[mask | (1 << player)] ?? 0) - (values[mask] ?? 0))
    }
    return sum
  })
}
