import { chiSquareSurvival } from '#platform/statistics/distributions'
import type { CellPair } from './comparable-cells.ts'

export interface CellComparison {
  /** Population stability index, natural logarithm, freed of what sampling alone would give. */
  readonly psi: number
  /** Jensen-Shannon distance, base 2, between 0 and 1, freed of the same. */
  readonly jensenShannon: number
  readonly pValue: number
  /** The cell that adds most to the index, with its shares. */
  readonly largest:
    | { readonly label: string; readonly reference: number; readonly window: number }
    | undefined
}

/**
 * Effect sizes and significance. Without any drift the index would average (k - 1)(1/n + 1/m) over k cells (Yurdakul &
 * Naranjo, Journal of Risk Model Validation 14, 2020), which for hundreds of categories in a small window is above every
 * customary threshold; it is subtracted. To second order JSD = PSI / 8, hence its share of the same bias. Half a row is
 * added to each cell, so that an empty one is finite (Jeffreys).
 */
export function compareCells(cells: CellPair): CellComparison {
  const k = cells.reference.length
  const n = total(cells.window)
  const m = total(cells.reference)
  if (k < 2 || n === 0 || m === 0) return { psi: 0, jensenShannon: 0, pValue: 1, largest: undefined }
  const p = cells.reference.map((count) => (count + 0.5) / (m + k / 2))
  const q = cells.window.map((count) => (count + 0.5) / (n + k / 2))
  const bias = (k - 1) * (1 / n + 1 / m)
  const terms = p.map((share, index) => stabilityTerm(share, q[index] as number))
  const at = terms.indexOf(Math.max(...terms))
  return {
    psi: Math.max(0, total(terms) - bias),
    jensenShannon: Math.sqrt(Math.max(0, jensenShannonDistance(p, q) ** 2 - bias / (8 * Math.LN2))),
    pValue: homogeneityPValue(cells.reference, cells.window),
    largest: {
      label: cells.labels[at] as string,
      reference: (cells.reference[at] as number) / m,
      window: (cells.window[at] as number) / n,
    },
  }
}

/** Sum of (q - p) ln(q / p) over shares that are all above zero; 0 or more, without upper bound. */
export function populationStabilityIndex(p: readonly number[], q: readonly number[]): number {
  return total(p.map((share, index) => stabilityTerm(share, q[index] as number)))
}

function stabilityTerm(p: number, q: number): number {
  return (q - p) * Math.log(q / p)
}

/** Square root of the Jensen-Shannon divergence with base 2 (Lin 1991): 0 for equal shares, 1 for disjoint ones. */
export function jensenShannonDistance(p: readonly number[], q: readonly number[]): number {
  let sum = 0
  for (const [index, share] of p.entries()) {
    const other = q[index] as number
    const middle = (share + other) / 2
    if (share > 0) sum += share * Math.log2(share / middle)
    if (other > 0) sum += other * Math.log2(other / middle)
  }
  return Math.sqrt(Math.max(0, sum / 2))
}

/**
 * G-test of a 2 × k table: the chance of counts at least this different if both rows come from one distribution. Both
 * samples are finite. Williams's divisor (Biometrika 63, 1976) brings the statistic to its chi-square law in small tables.
 */
export function homogeneityPValue(first: readonly number[], second: readonly number[]): number {
  const rows = [total(first), total(second)] as const
  const all = rows[0] + rows[1]
  if (rows[0] === 0 || rows[1] === 0) return 1
  let g = 0
  let inverseColumns = 0
  let k = 0
  for (const [index, a] of first.entries()) {
    const b = second[index] as number
    const column = a + b
    if (column === 0) continue
    k++
    inverseColumns += 1 / column
    g += 2 * (cellTerm(a, (rows[0] * column) / all) + cellTerm(b, (rows[1] * column) / all))
  }
  if (k < 2) return 1
  const williams =
    1 + ((all * (1 / rows[0] + 1 / rows[1]) - 1) * (all * inverseColumns - 1)) / (6 * all * (k - 1))
  return chiSquareSurvival(Math.max(0, g) / williams, k - 1)
}

function cellTerm(observed: number, expected: number): number {
  return observed === 0 ? 0 : observed * Math.log(observed / expected)
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
