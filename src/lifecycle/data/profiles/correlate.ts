/** Statistics of two columns over the same rows; NaN is missing, and a row that misses either is left out. */

/** Pearson's r; NaN where one of the two does not vary. */
export function pearson(a: Float64Array, b: Float64Array): number {
  let n = 0
  let meanA = 0
  let meanB = 0
  let squareA = 0
  let squareB = 0
  let product = 0
  for (let row = 0; row < a.length; row++) {
    const x = a[row] as number
    const y = b[row] as number
    if (x !== x || y !== y) continue
    n++
    const deltaA = x - meanA
    const deltaB = y - meanB
    meanA += deltaA / n
    meanB += deltaB / n
    squareA += deltaA * (x - meanA)
    squareB += deltaB * (y - meanB)
    product += deltaA * (y - meanB)
  }
  if (n < 2 || squareA <= 0 || squareB <= 0) return Number.NaN
  return clamp(product / Math.sqrt(squareA * squareB), -1)
}

function clamp(value: number, low: number): number {
  return Math.min(1, Math.max(low, value))
}

/** Ranks from 1, ties sharing their mean rank; NaN keeps none. Pearson's r of ranks is Spearman's. */
export function ranksOf(values: Float64Array): Float64Array {
  const present = new Uint32Array(values.length)
  let count = 0
  for (let row = 0; row < values.length; row++) {
    if (!Number.isNaN(values[row])) present[count++] = row
  }
  const order = present
    .subarray(0, count)
    .sort((left, right) => (values[left] as number) - (values[right] as number))
  const ranks = new Float64Array(values.length).fill(Number.NaN)
  for (let start = 0; start < count;) {
    const value = values[order[start] as number]
    let end = start + 1
    while (end < count && values[order[end] as number] === value) end++
    for (let at = start; at < end; at++) ranks[order[at] as number] = (start + end + 1) / 2
    start = end
  }
  return ranks
}

/** Values as small whole numbers from 0, -1 for missing. */
export interface Codes {
  readonly codes: Int32Array
  readonly levels: number
}

export function codesOf(values: Float64Array): Codes {
  const known = new Map<number, number>()
  const codes = new Int32Array(values.length)
  for (let row = 0; row < values.length; row++) {
    const value = values[row] as number
    if (value !== value) {
      codes[row] = -1
      continue
    }
    let code = known.get(value)
    if (code === undefined) {
      code = known.size
      known.set(value, code)
    }
    codes[row] = code
  }
  return { codes, levels: known.size }
}

/** Cramér's V with the correction for bias of Bergsma (2013); NaN where one of the two does not vary. */
export function cramersV(a: Codes, b: Codes): number {
  const cells = new Float64Array(a.levels * b.levels)
  const rows = new Float64Array(a.levels)
  const columns = new Float64Array(b.levels)
  let n = 0
  for (let row = 0; row < a.codes.length; row++) {
    const x = a.codes[row] as number
    const y = b.codes[row] as number
    if (x < 0 || y < 0) continue
    n++
    rows[x] = (rows[x] as number) + 1
    columns[y] = (columns[y] as number) + 1
    const cell = x * b.levels + y
    cells[cell] = (cells[cell] as number) + 1
  }
  const [r, c] = [rows, columns].map((totals) => totals.filter((total) => total > 0).length) as [
    number,
    number,
  ]
  if (n < 2 || r < 2 || c < 2) return Number.NaN
  let chiSquare = -n
  for (let x = 0; x < a.levels; x++) {
    for (let y = 0; y < b.levels; y++) {
      const seen = cells[x * b.levels + y] as number
      if (seen > 0) chiSquare += (n * seen * seen) / ((rows[x] as number) * (columns[y] as number))
    }
  }
  const phi = Math.max(0, chiSquare / n - ((r - 1) * (c - 1)) / (n - 1))
  const smaller = Math.min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1))
  return smaller <= 1 ? Number.NaN : clamp(Math.sqrt(phi / (smaller - 1)), 0)
}

/** The correlation ratio η: how far the category decides the number, 0 to 1; NaN where one of the two does not vary. */
export function correlationRatio({ codes, levels }: Codes, values: Float64Array): number {
  const counts = new Float64Array(levels)
  const sums = new Float64Array(levels)
  let n = 0
  let mean = 0
  let square = 0
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row] as number
    const value = values[row] as number
    if (code < 0 || value !== value) continue
    n++
    const delta = value - mean
    mean += delta / n
    square += delta * (value - mean)
    counts[code] = (counts[code] as number) + 1
    sums[code] = (sums[code] as number) + value
  }
  const groups = counts.filter((count) => count > 0).length
  if (n < 2 || groups < 2 || square <= 0) return Number.NaN
  let between = 0
  for (let code = 0; code < levels; code++) {
    const count = counts[code] as number
    if (count > 0) between += count * ((sums[code] as number) / count - mean) ** 2
  }
  return clamp(Math.sqrt(between / square), 0)
}
