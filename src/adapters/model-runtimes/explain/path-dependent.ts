import type { LeafPaths } from './leaf-paths.ts'

/** Adds the contributions of one row to `values`, by column of the matrix. `answers` are of {@link treeAnswers}. */
export type ExplainTrees = (answers: Uint8Array, target: number, values: Float64Array) => void

export interface TreeExplainer {
  /** What the contributions begin at, without the base values of the ensemble. */
  base(target: number): number
  readonly add: ExplainTrees
}

/**
 * Path-dependent TreeSHAP (Lundberg, Erion and Lee, "Consistent individualized feature attribution for tree ensembles",
 * 2018, Algorithm 2): Shapley values of the game in which a column that is not known sends a row down both sides of its
 * branches, by the shares of the training rows.
 *
 * Leaf by leaf: with shares `z` of its `d` columns, of which the row answers those in `O` as the leaf needs, the weights of
 * all subsets are the coefficients of Π over O of (z + t), times the shares of the others. Leaving a column out divides
 * that by (z + t). So a leaf costs O(d²) where the subsets are 2^d.
 */
export function pathDependent(paths: LeafPaths): TreeExplainer {
  const { leaves, weights, columnStart, column, share, askStart, ask, mostColumns } = paths
  const orders = orderWeights(mostColumns)
  const coefficients = new Float64Array(mostColumns + 1)
  /** Places in `column` of those that answer as the leaf needs, and of the others. */
  const met = new Int32Array(mostColumns)
  const unmet = new Int32Array(mostColumns)

  return {
    base: (target) => {
      const [list, weight] = [leaves[target] ?? [], weights[target] ?? []]
      let sum = 0
      for (let i = 0; i < list.length; i++) {
        const leaf = list[i] as number
        let product = weight[i] as number
        for (let at = columnStart[leaf] as number; at < (columnStart[leaf + 1] as number); at++)
          product *= share[at] as number
        sum += product
      }
      return sum
    },
    add: (answers, target, values) => {
      const [list, weight] = [leaves[target] as Int32Array, weights[target] as Float64Array]
      for (let i = 0; i < list.length; i++) {
        const leaf = list[i] as number
        const [begin, end] = [columnStart[leaf] as number, columnStart[leaf + 1] as number]
        const order = orders[end - begin] as Float64Array
        let metCount = 0
        let unmetCount = 0
        let scale = weight[i] as number
        for (let at = begin; at < end; at++) {
          if (isMet(at, { askStart, ask, answers })) met[metCount++] = at
          else {
            unmet[unmetCount++] = at
            scale *= share[at] as number
          }
        }
        if (scale === 0) continue
        coefficients[0] = 1
        for (let k = 0; k < metCount; k++) {
          const z = share[met[k] as number] as number
          coefficients[k + 1] = coefficients[k] as number
          for (let s = k; s > 0; s--)
            coefficients[s] = (coefficients[s] as number) * z + (coefficients[s - 1] as number)
          coefficients[0] = coefficients[0] * z
        }
        if (unmetCount > 0) {
          let lost = 0
          for (let s = 0; s <= metCount; s++) lost += (order[s] as number) * (coefficients[s] as number)
          lost *= scale
          for (let k = 0; k < unmetCount; k++) {
            const at = column[unmet[k] as number] as number
            values[at] = (values[at] as number) - lost
          }
        }
        for (let k = 0; k < metCount; k++) {
          const place = met[k] as number
          const z = share[place] as number
          // From the highest power down, which is stable for 0 <= z <= 1.
          let quotient = 0
          let gained = 0
          for (let s = metCount; s > 0; s--) {
            quotient = (coefficients[s] as number) - z * quotient
            gained += (order[s - 1] as number) * quotient
          }
          const at = column[place] as number
          values[at] = (values[at] as number) + gained * scale * (1 - z)
        }
      }
    },
  }
}

interface Asked {
  readonly askStart: Int32Array
  readonly ask: Int32Array
  readonly answers: Uint8Array
}

/** Whether a row answers all questions of a leaf's column as the leaf needs. */
export function isMet(place: number, { askStart, ask, answers }: Asked): boolean {
  for (let at = askStart[place] as number; at < (askStart[place + 1] as number); at++) {
    const question = ask[at] as number
    if (answers[question >> 1] !== (question & 1)) return false
  }
  return true
}

/** By the number of columns d and the size s of a subset without the one asked about: s! (d - 1 - s)! / d!. */
function orderWeights(most: number): readonly Float64Array[] {
  return Array.from({ length: most + 1 }, (_, d) => {
    const row = new Float64Array(d)
    let choose = 1
    for (let s = 0; s < d; s++) {
      row[s] = 1 / (d * choose)
      choose = (choose * (d - 1 - s)) / (s + 1)
    }
    return row
  })
}
