import type { LeafPaths } from './leaf-paths.ts'
import { isMet, type TreeExplainer } from './path-dependent.ts'

/** Columns on the way to one leaf, as the bits of a number. */
const mostBits = 30

/**
 * Interventional TreeSHAP (Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
 * Nature Machine Intelligence 2, 2020): columns that are not known have the values of a row of the background, and the
 * values are the mean over those rows. With one row to compare with, a leaf counts for those subsets that have every column
 * that only the row answers as the leaf needs (p of them) and none that only the other does (q of them), so that each of
 * the first gains (p-1)! q! / (p+q)! of the leaf and each of the second loses p! (q-1)! / (p+q)!.
 *
 * @param background answers of its rows, at least one
 * @returns undefined when the way to a leaf has more than 30 columns
 */
export function interventional(
  paths: LeafPaths,
  background: readonly Uint8Array[],
): TreeExplainer | undefined {
  const { leaves, weights, columnStart, column, mostColumns } = paths
  if (mostColumns > mostBits) return undefined
  const others = background.length
  const leafCount = columnStart.length - 1
  const masks = new Int32Array(leafCount * others)
  for (let leaf = 0; leaf < leafCount; leaf++)
    for (let other = 0; other < others; other++)
      masks[leaf * others + other] = maskOf(paths, leaf, background[other] as Uint8Array)
  const gains = gainTable(mostColumns)
  const size = mostColumns + 1
  const fullOf = (leaf: number): number =>
    2 ** ((columnStart[leaf + 1] as number) - (columnStart[leaf] as number)) - 1

  return {
    base: (target) => {
      let sum = 0
      for (const [i, leaf] of (leaves[target] ?? []).entries()) {
        const full = fullOf(leaf)
        let reached = 0
        for (let other = 0; other < others; other++) if (masks[leaf * others + other] === full) reached++
        sum += ((weights[target]?.[i] as number) * reached) / others
      }
      return sum
    },
    add: (answers, target, values) => {
      const [list, weight] = [leaves[target] as Int32Array, weights[target] as Float64Array]
      for (let i = 0; i < list.length; i++) {
        const leaf = list[i] as number
        const begin = columnStart[leaf] as number
        const full = fullOf(leaf)
        const own = maskOf(paths, leaf, answers)
        const share = (weight[i] as number) / others
        for (let other = 0; other < others; other++) {
          const theirs = masks[leaf * others + other] as number
          if ((own | theirs) !== full || own === theirs) continue
          const [p, q] = [bitCount(own & ~theirs), bitCount(theirs & ~own)]
          const gain = p === 0 ? 0 : share * (gains[(p - 1) * size + q] as number)
          const loss = q === 0 ? 0 : share * (gains[(q - 1) * size + p] as number)
          for (let bits = own ^ theirs; bits !== 0; bits &= bits - 1) {
            const bit = 31 - Math.clz32(bits & -bits)
            const at = column[begin + bit] as number
            values[at] = (values[at] as number) + ((own >> bit) & 1 ? gain : -loss)
          }
        }
      }
    },
  }
}

function maskOf({ columnStart, askStart, ask }: LeafPaths, leaf: number, answers: Uint8Array): number {
  const begin = columnStart[leaf] as number
  const end = columnStart[leaf + 1] as number
  let mask = 0
  for (let at = begin; at < end; at++) if (isMet(at, { askStart, ask, answers })) mask |= 1 << (at - begin)
  return mask
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}

/** `a! b! / (a + 1 + b)!` at `a * (most + 1) + b`. */
function gainTable(most: number): Float64Array {
  const size = most + 1
  const table = new Float64Array(size * size)
  for (let a = 0; a < size; a++) {
    // a! 0! / (a + 1)!, and from there b by b.
    let value = 1 / (a + 1)
    for (let b = 0; b < size; b++) {
      table[a * size + b] = value
      value = (value * (b + 1)) / (a + b + 2)
    }
  }
  return table
}
