/** y = Σ coefficient × column + constant, on nearly all of the rows it was looked for in. */
export interface LinearRelation {
  readonly terms: readonly { readonly column: string; readonly coefficient: number }[]
  readonly constant: number
}

/** The share of the rows that may break the relation: refunds, corrections, a vendor that counts otherwise. */
const keptShare = 0.9
const rounds = 8
const rowsPerColumn = 5

/**
 * Finds a column that others add up to. Least squares would be bent by the few rows that break the sum, so the rows that fit worst
 * are left out and the rest is fitted again (least trimmed squares by concentration steps: Rousseeuw & Van Driessen 2006), until
 * what is kept fits to the last digits. Undefined where it does not: then there is no such relation.
 */
export function findLinearRelation(
  target: Float64Array,
  columns: readonly { readonly name: string; readonly values: Float64Array }[],
): LinearRelation | undefined {
  const complete = rowsWithAll([target, ...columns.map(({ values }) => values)])
  if (columns.length === 0 || complete.length < rowsPerColumn * (columns.length + 1)) return undefined
  const scale = spreadOf(target, complete)
  if (scale === 0) return undefined
  const wanted = Math.ceil(keptShare * complete.length)
  let rows = complete
  for (let round = 0; round < rounds; round++) {
    const fitted = fit(target, columns, rows)
    const residuals = complete.map((row) => Math.abs((target[row] as number) - predict(fitted, columns, row)))
    const order = complete
      .map((_, at) => at)
      .sort((a, b) => (residuals[a] as number) - (residuals[b] as number))
    const worst = residuals[order[wanted - 1] as number] as number
    if (worst <= 1e-7 * scale) return tidy(fitted, columns)
    rows = order.slice(0, wanted).map((at) => complete[at] as number)
  }
  return undefined
}

function rowsWithAll(columns: readonly Float64Array[]): number[] {
  const rows: number[] = []
  for (let row = 0; row < (columns[0]?.length ?? 0); row++) {
    if (columns.every((values) => Number.isFinite(values[row]))) rows.push(row)
  }
  return rows
}

function spreadOf(values: Float64Array, rows: readonly number[]): number {
  const known = rows.map((row) => values[row] as number)
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length
  return Math.sqrt(known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / known.length)
}

interface Fit {
  readonly coefficients: readonly number[]
  readonly constant: number
}

function predict(
  { coefficients, constant }: Fit,
  columns: readonly { values: Float64Array }[],
  row: number,
): number {
  return coefficients.reduce((sum, c, at) => sum + c * (columns[at]?.values[row] ?? 0), constant)
}

/**
 * Least squares by modified Gram-Schmidt on centred, scaled columns. A column that those before it explain is left out, so that
 * a copy or a sum among the features does no harm.
 */
function fit(
  target: Float64Array,
  columns: readonly { readonly values: Float64Array }[],
  rows: readonly number[],
): Fit {
  const centred = columns.map(({ values }) => centre(values, rows))
  const y = centre(target, rows)
  const basis: { vector: Float64Array; upper: number[]; column: number }[] = []
  for (const [column, { vector, scale }] of centred.entries()) {
    if (scale === 0) continue
    const rest = Float64Array.from(vector)
    const upper: number[] = []
    for (const { vector: direction } of basis) {
      const product = dot(direction, rest)
      upper.push(product)
      for (let at = 0; at < rest.length; at++)
        rest[at] = (rest[at] as number) - product * (direction[at] as number)
    }
    const length = Math.sqrt(dot(rest, rest))
    if (length < 1e-7 * Math.sqrt(rows.length)) continue
    upper.push(length)
    basis.push({ vector: rest.map((value) => value / length), upper, column })
  }
  const projected = basis.map(({ vector }) => dot(vector, y.vector))
  const solved = Array.from<number>({ length: basis.length }).fill(0)
  for (let at = basis.length - 1; at >= 0; at--) {
    let value = projected[at] as number
    for (let later = at + 1; later < basis.length; later++) {
      value -= (basis[later]?.upper[at] as number) * (solved[later] as number)
    }
    solved[at] = value / (basis[at]?.upper[at] as number)
  }
  const coefficients = columns.map(() => 0)
  for (const [at, { column }] of basis.entries()) {
    coefficients[column] = ((solved[at] as number) * y.scale) / (centred[column]?.scale as number)
  }
  const constant = coefficients.reduce((sum, c, at) => sum - c * (centred[at]?.mean as number), y.mean)
  return { coefficients, constant }
}

function centre(
  values: Float64Array,
  rows: readonly number[],
): { vector: Float64Array; mean: number; scale: number } {
  const vector = Float64Array.from(rows, (row) => values[row] as number)
  const mean = vector.reduce((sum, value) => sum + value, 0) / vector.length
  for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) - mean
  const scale = Math.sqrt(dot(vector, vector) / vector.length)
  if (scale > 0) for (let at = 0; at < vector.length; at++) vector[at] = (vector[at] as number) / scale
  return { vector, mean, scale }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += (a[at] as number) * (b[at] as number)
  return sum
}

/** Coefficients that are meant: 1, -1, 2.5, 1.609344; not 0.99999999998. Terms that add nothing are left out. */
function tidy(
  { coefficients, constant }: Fit,
  columns: readonly { readonly name: string }[],
): LinearRelation {
  const round = (value: number): number =>
    Math.abs(value - Math.round(value)) < 1e-6 ? Math.round(value) : Number(value.toPrecision(8))
  return {
    terms: coefficients.flatMap((value, at) => {
      const coefficient = Math.abs(value) < 1e-7 ? 0 : round(value)
      return coefficient === 0 ? [] : [{ column: columns[at]?.name as string, coefficient }]
    }),
    constant: Math.abs(constant) < 1e-5 ? 0 : round(constant),
  }
}
