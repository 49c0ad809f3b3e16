import { kolmogorovLimit } from '#platform/statistics/distributions'

/** Above this many lattice points the exact law costs more than it tells. */
const exactLimit = 10_000_000

export interface KolmogorovSmirnov {
  /** Largest distance between the two distribution functions. */
  readonly statistic: number
  readonly pValue: number
  readonly method: 'exact' | 'asymptotic'
}

/**
 * Two-sided two-sample Kolmogorov-Smirnov test on raw values. Values that are not finite are left out; with ties the exact p-value is conservative.
 */
export function kolmogorovSmirnov(first: Float64Array, second: Float64Array): KolmogorovSmirnov {
  const a = sortedNumbers(first)
  const b = sortedNumbers(second)
  const [n, m] = [a.length, b.length]
  if (n === 0 || m === 0) return { statistic: 0, pValue: 1, method: 'exact' }
  // In units of 1 / (n m) the statistic is a whole number, which makes its comparisons exact.
  let largest = 0
  walk(a, b, (i, j) => {
    largest = Math.max(largest, Math.abs(i * m - j * n))
  })
  const statistic = largest / (n * m)
  return n * m <= exactLimit
    ? { statistic, pValue: crossingProbability(n, m, largest), method: 'exact' }
    : {
        statistic,
        pValue: kolmogorovLimit(statistic * Math.sqrt((n * m) / (n + m))),
        method: 'asymptotic',
      }
}

/**
 * The chance that a random walk over the merged samples comes at least this far from the diagonal, summed up directly, so
 * that small p-values keep their digits (the recursion of Hodges, Arkiv för Matematik 3, 1958, for the complement).
 */
function crossingProbability(n: number, m: number, largest: number): number {
  if (largest === 0) return 1
  const row = new Float64Array(m + 1)
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      if (Math.abs(i * m - j * n) >= largest) row[j] = 1
      else if (i + j > 0)
        row[j] = (i * (row[j] as number) + (j === 0 ? 0 : j * (row[j - 1] as number))) / (i + j)
    }
  }
  return row[m] as number
}

/**
 * First Wasserstein distance of two samples in standard deviations of the reference (at least 0.001, so that a constant
 * column has a distance): the area between the distribution functions. Values that are not finite are left out.
 */
export function wassersteinNormed(reference: Float64Array, window: Float64Array): number {
  const a = sortedNumbers(reference)
  const b = sortedNumbers(window)
  if (a.length === 0 || b.length === 0) return 0
  let area = 0
  walk(a, b, (i, j, width) => {
    area += Math.abs(i / a.length - j / b.length) * width
  })
  return area / Math.max(standardDeviation(a), 0.001)
}

/** Visits each distinct value: how many of both samples are at or below it, and how far the next one is. */
function walk(a: Float64Array, b: Float64Array, visit: (i: number, j: number, width: number) => void): void {
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    const value = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
    while (i < a.length && (a[i] as number) <= value) i++
    while (j < b.length && (b[j] as number) <= value) j++
    const next = Math.min(a[i] ?? Number.POSITIVE_INFINITY, b[j] ?? Number.POSITIVE_INFINITY)
    visit(i, j, next === Number.POSITIVE_INFINITY ? 0 : next - value)
  }
}

function sortedNumbers(values: Float64Array): Float64Array {
  return values.filter((value) => Number.isFinite(value)).sort()
}

function standardDeviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
