/** Distances between shares of the same cells, and between two samples. Pure figures; SQL counts the cells. */

/** Shares that add up to one; where there is nothing, none. */
export function sharesOf(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return counts.map((count) => (total === 0 ? 0 : count / total))
}

/**
 * Kullback-Leibler divergence of the expected from the observed shares, in nats; both are brought to a sum of one first
 * (as scipy.stats.entropy does). Infinite where something was observed that was not expected.
 */
export function kullbackLeibler(observed: readonly number[], expected: readonly number[]): number {
  const q = sharesOf(expected)
  return sharesOf(observed).reduce((sum, share, index) => {
    if (share === 0) return sum
    const other = q[index] as number
    return other === 0 ? Number.POSITIVE_INFINITY : sum + share * Math.log(share / other)
  }, 0)
}

/** Jensen-Shannon divergence to base 2 (Lin 1991): 0 for equal, 1 for disjoint shares. */
export function jensenShannon(left: readonly number[], right: readonly number[]): number {
  const q = sharesOf(right)
  const towards = (share: number, other: number): number =>
    share === 0 ? 0 : share * Math.log2((2 * share) / (share + other))
  const divergence = sharesOf(left).reduce((sum, share, index) => {
    const other = q[index] as number
    return sum + (towards(share, other) + towards(other, share)) / 2
  }, 0)
  return Math.min(1, Math.max(0, divergence))
}

/** The largest difference of a share, and the cell that it is in. */
export function largestDifference(
  left: readonly number[],
  right: readonly number[],
): { readonly distance: number; readonly index: number } {
  const q = sharesOf(right)
  return sharesOf(left).reduce(
    (worst, share, index) => {
      const distance = Math.abs(share - (q[index] as number))
      return distance > worst.distance ? { distance, index } : worst
    },
    { distance: 0, index: -1 },
  )
}

const smallestShare = 0.01

/** Population stability index: shares below 0.01 count as 0.01, so that an empty cell does not make it infinite. */
export function stabilityIndex(expected: readonly number[], observed: readonly number[]): number {
  const a = sharesOf(observed).map((share) => Math.max(share, smallestShare))
  return sharesOf(expected).reduce((sum, share, index) => {
    const e = Math.max(share, smallestShare)
    const other = a[index] as number
    return sum + (e - other) * Math.log(e / other)
  }, 0)
}

/** Pearson's statistic of a table of counts; rows and columns without any count are left out. */
export function chiSquareOf(table: readonly (readonly number[])[]): {
  readonly statistic: number
  readonly total: number
  readonly rows: number
  readonly columns: number
} {
  const rows = table.filter((row) => row.some((count) => count > 0))
  const width = table[0]?.length ?? 0
  const sums = Array.from({ length: width }, (_, at) => rows.reduce((sum, row) => sum + (row[at] ?? 0), 0))
  const used = sums.flatMap((sum, at) => (sum > 0 ? [at] : []))
  const total = sums.reduce((sum, each) => sum + each, 0)
  let statistic = 0
  for (const row of rows) {
    const rowSum = row.reduce((sum, count) => sum + count, 0)
    for (const at of used) {
      const expected = (rowSum * (sums[at] as number)) / total
      statistic += ((row[at] as number) - expected) ** 2 / expected
    }
  }
  return { statistic, total, rows: rows.length, columns: used.length }
}

/**
 * Cramér's V of two distributions, corrected for bias (Bergsma 2013). The larger sample is scaled down to the size of the
 * smaller one before, so that the figure does not depend on how unequal they are.
 */
export function cramersV(left: readonly number[], right: readonly number[]): number {
  const sizes = [left, right].map((counts) => counts.reduce((sum, count) => sum + count, 0))
  const size = Math.min(...sizes)
  const table = [left, right].map((counts) => sharesOf(counts).map((share) => share * size))
  const { statistic, total: n, rows: r, columns: k } = chiSquareOf(table)
  if (n <= 1 || r < 2 || k < 2) return 0
  const phi = Math.max(0, statistic / n - ((k - 1) * (r - 1)) / (n - 1))
  const rows = r - (r - 1) ** 2 / (n - 1)
  const columns = k - (k - 1) ** 2 / (n - 1)
  return Math.sqrt(phi / Math.min(rows - 1, columns - 1))
}

/** Cramér's phi of a contingency table; Yates's correction where it is two by two, as scipy.stats.chi2_contingency. */
export function cramersPhi(table: readonly (readonly number[])[]): number {
  const { statistic, total, rows, columns } = chiSquareOf(table)
  const smaller = Math.min(rows, columns)
  if (smaller < 2) return 0
  const corrected = rows === 2 && columns === 2 ? yates(table) : statistic
  return Math.min(1, Math.sqrt(corrected / total / (smaller - 1)))
}

function yates(table: readonly (readonly number[])[]): number {
  const used = table.map((row) => row.filter((_, at) => table.some((other) => (other[at] ?? 0) > 0)))
  const [[a = 0, b = 0] = [], [c = 0, d = 0] = []] = used.filter((row) => row.some((count) => count > 0))
  const total = a + b + c + d
  const expected = ((a + b) * (a + c)) / total
  // The correction is no larger than the difference itself.
  const difference = Math.abs(a - expected)
  const least = Math.max(0, difference - Math.min(0.5, difference))
  const inverse = [
    [a + b, a + c],
    [a + b, b + d],
    [c + d, a + c],
    [c + d, b + d],
  ].reduce((sum, [row = 0, column = 0]) => sum + total / (row * column), 0)
  return least ** 2 * inverse
}
