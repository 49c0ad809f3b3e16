import type { FeatureColumn, Level, TrainingTable } from '#lifecycle/training/index'

/** How one feature becomes columns of the design matrix; fitted on the training rows. */
export type Term = NumberTerm | CategoryTerm

/** `(x - center) / deviation`, 0 where missing, and a column that is 1 where missing if any was. */
export interface NumberTerm {
  readonly kind: 'number'
  readonly name: string
  /** The mean, in single precision, because the graph subtracts it in single precision. */
  readonly center: number
  readonly deviation: number
  readonly hasMissing: boolean
}

/** One column a level. Rare and unknown levels have no column; '' stands for missing. */
export interface CategoryTerm {
  readonly kind: 'category'
  readonly name: string
  readonly levels: readonly Level[]
}

export interface LevelLimits {
  readonly maxCategories: number
  readonly minRows: number
}

export function fitTerms(table: TrainingTable, limits: LevelLimits): Term[] {
  return table.features.map((feature) => {
    const { name } = feature
    if (feature.kind === 'number') return { kind: 'number', name, ...momentsOf(feature.values) }
    const counts = new Int32Array(feature.levels.length)
    let missing = 0
    for (const code of feature.codes) {
      if (code < 0) missing++
      else counts[code] = (counts[code] as number) + 1
    }
    const found = feature.levels.map((level, code) => ({ level, rows: counts[code] as number }))
    if (isText(feature.levels)) found.push({ level: '', rows: missing })
    const frequent = found.filter(({ rows }) => rows >= limits.minRows && rows > 0)
    frequent.sort((a, b) => b.rows - a.rows || (String(a.level) < String(b.level) ? -1 : 1))
    return {
      kind: 'category',
      name,
      levels: frequent.slice(0, limits.maxCategories).map(({ level }) => level),
    }
  })
}

function isText(levels: readonly Level[]): boolean {
  return typeof levels[0] !== 'number'
}

function momentsOf(values: Float32Array): Pick<NumberTerm, 'center' | 'deviation' | 'hasMissing'> {
  let known = 0
  let mean = 0
  let squares = 0
  // Welford (1962): one pass that does not cancel for columns far from zero, such as timestamps.
  for (const value of values) {
    if (Number.isNaN(value)) continue
    known++
    const step = value - mean
    mean += step / known
    squares += step * (value - mean)
  }
  const deviation = Math.sqrt(squares / Math.max(known, 1))
  return {
    center: Math.fround(mean),
    deviation: deviation > 0 ? deviation : 1,
    hasMissing: known < values.length,
  }
}

/** The design matrix by feature: a dense column, or the number of the one column that is 1 in each row. */
export interface DesignMatrix {
  readonly rows: number
  /** Intercept included; it is column 0. */
  readonly columns: number
  readonly blocks: readonly Block[]
}

type Block =
  | { readonly kind: 'dense'; readonly column: number; readonly values: Float64Array }
  /** `columns[i]` is -1 in rows where all columns of the block are 0. */
  | { readonly kind: 'one-hot'; readonly columns: Int32Array }

export function buildMatrix(
  terms: readonly Term[],
  table: Pick<TrainingTable, 'rows' | 'features'>,
): DesignMatrix {
  let columns = 1
  const blocks: Block[] = []
  for (const [f, term] of terms.entries()) {
    const feature = table.features[f] as FeatureColumn
    if (term.kind === 'number' && feature.kind === 'number') {
      blocks.push({ kind: 'dense', column: columns++, values: standardised(term, feature.values) })
      if (!term.hasMissing) continue
      const column = columns++
      blocks.push({
        kind: 'one-hot',
        columns: Int32Array.from(feature.values, (x) => (Number.isNaN(x) ? column : -1)),
      })
    } else if (term.kind === 'category' && feature.kind === 'category') {
      const first = columns
      const columnOf = new Map(term.levels.map((level, i) => [level, first + i]))
      const byCode = Int32Array.from(feature.levels, (level) => columnOf.get(level) ?? -1)
      const missing = columnOf.get('') ?? -1
      const at = feature.codes.map((code) => (code < 0 ? missing : (byCode[code] as number)))
      blocks.push({ kind: 'one-hot', columns: at })
      columns += term.levels.length
    } else throw new TypeError(`${term.name}: kinds differ`)
  }
  return { rows: table.rows, columns, blocks }
}

function standardised({ center, deviation }: NumberTerm, values: Float32Array): Float64Array {
  return Float64Array.from(values, (x) => (Number.isNaN(x) ? 0 : (x - center) / deviation))
}

/** `out = X w`. */
export function multiply({ blocks, rows }: DesignMatrix, weights: Float64Array, out: Float64Array): void {
  out.fill(weights[0] as number)
  for (const block of blocks) {
    if (block.kind === 'dense') {
      const weight = weights[block.column] as number
      for (let i = 0; i < rows; i++) out[i] = (out[i] as number) + weight * (block.values[i] as number)
      continue
    }
    for (let i = 0; i < rows; i++) {
      const column = block.columns[i] as number
      if (column >= 0) out[i] = (out[i] as number) + (weights[column] as number)
    }
  }
}

/** `out = Xᵀ r`. */
export function multiplyTransposed(
  { blocks, rows }: DesignMatrix,
  residuals: Float64Array,
  out: Float64Array,
): void {
  out.fill(0)
  let sum = 0
  for (let i = 0; i < rows; i++) sum += residuals[i] as number
  out[0] = sum
  for (const block of blocks) {
    if (block.kind === 'dense') {
      let dot = 0
      for (let i = 0; i < rows; i++) dot += (residuals[i] as number) * (block.values[i] as number)
      out[block.column] = dot
      continue
    }
    for (let i = 0; i < rows; i++) {
      const column = block.columns[i] as number
      if (column >= 0) out[column] = (out[column] as number) + (residuals[i] as number)
    }
  }
}

/** The diagonal of `Xᵀ D X`. */
export function weightedSquares(
  { blocks, rows, columns }: DesignMatrix,
  diagonal: Float64Array,
): Float64Array {
  const out = new Float64Array(columns)
  for (let i = 0; i < rows; i++) out[0] = (out[0] as number) + (diagonal[i] as number)
  for (const block of blocks) {
    for (let i = 0; i < rows; i++) {
      const column = block.kind === 'dense' ? block.column : (block.columns[i] as number)
      if (column < 0) continue
      const value = block.kind === 'dense' ? (block.values[i] as number) : 1
      out[column] = (out[column] as number) + (diagonal[i] as number) * value * value
    }
  }
  return out
}
