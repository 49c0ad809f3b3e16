import type { DuckDBDataChunk, DuckDBInstance } from '@duckdb/node-api'
import { quoteName } from './quote.ts'
import { epochMilliseconds } from './raw-column.ts'

/** A column that is wanted on this side: numbers as doubles (NaN is missing), times as epoch milliseconds, or text. */
export interface WantedColumn {
  readonly name: string
  readonly as: 'number' | 'time' | 'text'
}

/** Rows in the order of the query: the columns that were asked for, one array each. */
export interface StreamedRows {
  readonly rows: number
  /** Numbers and times, in the order they were asked for. */
  readonly numbers: readonly Float64Array[]
  /** Text, in the order it was asked for; null is missing. */
  readonly texts: readonly (readonly (string | null)[])[]
  /** The exact numbers of columns with any beyond 2^53, by their place in `numbers`. */
  readonly longs: ReadonlyMap<number, BigInt64Array>
}

/** A query that is read once, from its first row to its last. */
export interface RowStream {
  /** The next rows, undefined after the last. */
  next(): Promise<StreamedRows | undefined>
  close(): void
}

/**
 * Reads columns of a relation in constant memory, a vector of rows at a time (2,048), in its order.
 *
 * @param relation stands after FROM
 */
export async function openRowStream(
  instance: DuckDBInstance,
  { relation, wanted }: { readonly relation: string; readonly wanted: readonly WantedColumn[] },
): Promise<RowStream> {
  // A connection of its own: any other statement on it would end the stream.
  const connection = await instance.connect()
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${relation}`)
  const types = new Map(
    described
      .getRowObjectsJS()
      .map((row) => [row['column_name'] as string, row['column_type'] as string] as const),
  )
  const selected = wanted.map((column) => expressionOf(column, types.get(column.name) ?? ''))
  const result = await connection.stream(`SELECT ${selected.join(', ')} FROM ${relation}`)
  return {
    next: async () => {
      const chunk = await result.fetchChunk()
      return chunk === null || chunk.rowCount === 0 ? undefined : rowsOf(chunk, wanted)
    },
    close: () => connection.closeSync(),
  }
}

/** Types whose vectors are read as they are; everything else is turned by DuckDB into one of them. */
const readable = {
  number: /^(FLOAT|DOUBLE|U?TINYINT|U?SMALLINT|U?INTEGER|BIGINT)$/,
  text: /^VARCHAR$/,
} as const

function expressionOf({ name, as }: WantedColumn, type: string): string {
  if (as === 'time') return `CAST(${epochMilliseconds(name)} AS DOUBLE)`
  if (readable[as].test(type)) return quoteName(name)
  return `CAST(${quoteName(name)} AS ${as === 'number' ? 'DOUBLE' : 'VARCHAR'})`
}

function rowsOf(chunk: DuckDBDataChunk, wanted: readonly WantedColumn[]): StreamedRows {
  const rows = chunk.rowCount
  const numbers: Float64Array[] = []
  const texts: (string | null)[][] = []
  const longs = new Map<number, BigInt64Array>()
  for (const [index, { as }] of wanted.entries()) {
    const vector = chunk.getColumnVector(index)
    if (as === 'text') {
      texts.push(Array.from({ length: rows }, (_, row) => vector.getItem(row) as string | null))
      continue
    }
    const { items, validity } = vector as unknown as NumberVector
    const values = new Float64Array(rows)
    if (items instanceof BigInt64Array) {
      if (fillLongs(values, items)) longs.set(numbers.length, items.slice(0, rows))
    } else values.set(items.subarray(0, rows))
    // Validity is a bit a row in words of 64; a vector without missing values has none.
    if (validity.data !== null)
      for (let row = 0; row < rows; row++) if (!validity.itemValid(row)) values[row] = Number.NaN
    numbers.push(values)
  }
  return { rows, numbers, texts, longs }
}

interface NumberVector {
  readonly items: Float64Array | Float32Array | Int32Array | BigInt64Array
  readonly validity: { readonly data: unknown; itemValid(row: number): boolean }
}

/** Answers whether any does not fit a double exactly. */
function fillLongs(values: Float64Array, items: BigInt64Array): boolean {
  let isWide = false
  for (let row = 0; row < values.length; row++) {
    const value = Number(items[row])
    values[row] = value
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) isWide = true
  }
  return isWide
}
