import { kolmogorovLimit } from '#platform/statistics/distributions'

/** The law of the one-sample Kolmogorov-Smirnov statistic. */

/** Above this the exact law takes longer than it tells. */
const exactLimit = 400

/**
 * The chance that the statistic of `n` values is at least `distance` (two-sided). Exact by the matrices of Marsaglia, Tsang
 * and Wang (Journal of Statistical Software 8(18), 2003) up to 400 values; beyond, the limiting law with the correction of
 * Vrbik (Pioneer Journal of Theoretical and Applied Statistics 15, 2018).
 */
export function kolmogorovSurvival(distance: number, n: number): number {
  if (n < 1 || distance <= 0.5 / n) return 1
  if (distance >= 1) return 0
  if (n > exactLimit) {
    const root = Math.sqrt(n)
    const x = root * distance
    return kolmogorovLimit(x + 1 / (6 * root) + (x - 1) / (4 * n))
  }
  // In the far tail 1 - cdf would have lost its digits, and twice the one-sided chance is exact.
  if (distance > 0.5) return Math.min(1, 2 * oneSided(distance, n))
  const survival = 1 - exactCdf(distance, n)
  return survival < 1e-7 ? Math.min(1, 2 * oneSided(distance, n)) : Math.min(1, survival)
}

/** Birnbaum and Tingey (1951): the chance that the distance to one side is at least `distance`. */
function oneSided(distance: number, n: number): number {
  let sum = 0
  let logChoose = 0
  for (let j = 0; j <= Math.floor(n * (1 - distance)); j++) {
    if (j > 0) logChoose += Math.log((n - j + 1) / j)
    const left = 1 - distance - j / n
    const right = distance + j / n
    if (left < 0 || (left === 0 && n > j)) continue
    sum += Math.exp(logChoose + (n - j) * Math.log(left) + (j - 1) * Math.log(right))
  }
  return Math.min(1, distance * sum)
}

function exactCdf(distance: number, n: number): number {
  const k = Math.floor(n * distance) + 1
  const m = 2 * k - 1
  const h = k - n * distance
  const start = new Float64Array(m * m)
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) start[i * m + j] = i - j + 1 < 0 ? 0 : 1
  for (let i = 0; i < m; i++) {
    start[i * m] = (start[i * m] as number) - h ** (i + 1)
    start[(m - 1) * m + i] = (start[(m - 1) * m + i] as number) - h ** (m - i)
  }
  start[(m - 1) * m] = (start[(m - 1) * m] as number) + (2 * h - 1 > 0 ? (2 * h - 1) ** m : 0)
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < i + 1; j++) {
      for (let g = 1; g <= i - j + 1; g++) start[i * m + j] = (start[i * m + j] as number) / g
    }
  }
  const power = matrixPower({ values: start, exponent: 0 }, { m, n, middle: (k - 1) * m + k - 1 })
  let result = power.values[(k - 1) * m + k - 1] as number
  let exponent = power.exponent
  for (let i = 1; i <= n; i++) {
    result = (result * i) / n
    if (result < 1e-140) {
      result *= 1e140
      exponent -= 140
    }
  }
  return result * 10 ** exponent
}

/** A matrix whose entries are to be multiplied by ten to a power, so that they stay in range. */
interface Scaled {
  readonly values: Float64Array
  readonly exponent: number
}

function matrixPower(
  base: Scaled,
  { m, n, middle }: { readonly m: number; readonly n: number; readonly middle: number },
): Scaled {
  if (n === 1) return base
  const half = matrixPower(base, { m, n: Math.floor(n / 2), middle })
  const square = product(half.values, half.values, m)
  const power = n % 2 === 0 ? square : product(base.values, square, m)
  const exponent = 2 * half.exponent + (n % 2 === 0 ? 0 : base.exponent)
  if ((power[middle] as number) <= 1e140) return { values: power, exponent }
  return { values: power.map((value) => value * 1e-140), exponent: exponent + 140 }
}

function product(left: Float64Array, right: Float64Array, m: number): Float64Array {
  const result = new Float64Array(m * m)
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < m; k++) {
      const factor = left[i * m + k] as number
      if (factor === 0) continue
      for (let j = 0; j < m; j++) {
        result[i * m + j] = (result[i * m + j] as number) + factor * (right[k * m + j] as number)
      }
    }
  }
  return result
}
