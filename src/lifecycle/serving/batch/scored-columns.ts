import { fail } from '#contract/errors'
import type { AddedColumn } from '#platform/tables/index'
import type { LoadedModel, ScoredRows, SignatureOutput } from '../model-runtime-point.ts'

/** A score of each row of a unit, which batches fill in any order. */
export interface ScoredColumns {
  fill(firstRow: number, scored: ScoredRows, refused: ReadonlyMap<number, string>): void
  /** Rows that have a reason instead of scores. */
  readonly refusedRows: number
  readonly columns: readonly AddedColumn[]
}

type Values = Float32Array | Float64Array | (bigint | null)[] | (string | null)[]

const columnTypes = {
  number: 'DOUBLE',
  float: 'FLOAT',
  whole: 'BIGINT',
  long: 'BIGINT',
  text: 'VARCHAR',
} as const
type Kind = keyof typeof columnTypes

/**
 * Columns for the outputs of a model and, where rows were refused, for the reason. An output of several values a row has a
 * column for each, such as `probabilities_0`. A name that the rows have already is given with `predicted_` before it.
 */
export function scoredColumns(
  { outputs }: Pick<LoadedModel, 'outputs'>,
  {
    rows,
    taken,
    version,
  }: { readonly rows: number; readonly taken: ReadonlySet<string>; readonly version: string },
): ScoredColumns {
  const parts = new Map<string, { readonly type: AddedColumn['type']; readonly values: Values }>()
  let reasons: (string | null)[] | undefined
  let refusedRows = 0
  const free = (name: string): string => (taken.has(name) ? `predicted_${name}` : name)
  return {
    fill: (firstRow, scored, refused) => {
      for (const [index, column] of scored.outputs.entries()) {
        const output = outputs[index] ?? fail('internal', 'The model gave more outputs than it has.')
        for (let place = 0; place < column.width; place++) {
          const name = free(column.width === 1 ? output.name : `${output.name}_${place}`)
          const kind = kindOf(output, column.values)
          let part = parts.get(name)
          if (part === undefined)
            parts.set(name, (part = { type: columnTypes[kind], values: room(kind, rows) }))
          put(part.values, column, { place, firstRow, rows: scored.rows })
        }
      }
      for (const [row, reason] of refused) {
        for (const { values } of parts.values())
          values[firstRow + row] = ArrayBuffer.isView(values) ? Number.NaN : null
        reasons ??= Array.from({ length: rows }, () => null)
        reasons[firstRow + row] = reason
        refusedRows++
      }
    },
    get refusedRows() {
      return refusedRows
    },
    get columns() {
      return [
        ...[...parts].map(([name, part]) => ({ name, ...part })),
        { name: free('model_version'), type: 'VARCHAR' as const, constant: version },
        reasons === undefined
          ? { name: free('score_error'), type: 'VARCHAR' as const, constant: null }
          : { name: free('score_error'), type: 'VARCHAR' as const, values: reasons },
      ]
    },
  }
}

function kindOf({ type }: SignatureOutput, values: ScoredRows['outputs'][number]['values']): Kind {
  if (values instanceof BigInt64Array) return 'long'
  if (!ArrayBuffer.isView(values)) return 'text'
  if (type === 'long' || type === 'integer') return 'whole'
  return values instanceof Float32Array ? 'float' : 'number'
}

function room(kind: Kind, rows: number): Values {
  if (kind === 'float') return new Float32Array(rows)
  if (kind === 'number' || kind === 'whole') return new Float64Array(rows)
  return Array.from({ length: rows }, () => null)
}

function put(
  target: Values,
  { width, values }: ScoredRows['outputs'][number],
  { place, firstRow, rows }: { place: number; firstRow: number; rows: number },
): void {
  if (width === 1 && ArrayBuffer.isView(target) && ArrayBuffer.isView(values)) {
    target.set(values as Float64Array, firstRow)
    return
  }
  for (let row = 0; row < rows; row++) target[firstRow + row] = values[row * width + place] as never
}
