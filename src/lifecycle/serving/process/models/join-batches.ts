import type { RowBatch } from '../../model-runtime-point.ts'

/** From here on a block copy is faster than a loop. */
const blockCopy = 16

/**
 * One batch of the rows of several, in their order. Always a copy, even of a single one: the model may take the buffers,
 * and the log still needs the values.
 */
export function joinBatches(batches: readonly RowBatch[]): RowBatch {
  const [first] = batches
  if (first === undefined) return { rows: 0, numbers: new Float64Array(0), texts: [] }
  if (batches.length === 1) {
    const longs =
      first.longs === undefined
        ? undefined
        : new Map([...first.longs].map(([field, values]) => [field, values.slice()]))
    return { ...first, numbers: first.numbers.slice(), ...(longs === undefined ? {} : { longs }) }
  }
  let rows = 0
  for (const batch of batches) rows += batch.rows
  const numbers = joinNumbers(batches, rows)
  const texts = first.texts.map((_, column) => joinTexts(batches, column))
  const longs = joinLongs(batches, rows)
  return {
    rows,
    numbers,
    texts,
    ...(first.widths === undefined ? {} : { widths: first.widths }),
    ...(longs === undefined ? {} : { longs }),
  }
}

function joinNumbers(batches: readonly RowBatch[], rows: number): Float64Array {
  const sample = batches.find((batch) => batch.rows > 0) ?? batches[0]
  if (sample === undefined) return new Float64Array(0)
  const { widths } = sample
  const perRow = sample.rows === 0 ? 0 : sample.numbers.length / sample.rows
  const numbers = new Float64Array(rows * perRow)
  const fields = widths ?? Array.from({ length: perRow }, () => 1)
  let offset = 0
  for (const batch of batches) {
    let target = offset
    let source = 0
    for (let field = 0; field < fields.length; field++) {
      const width = fields[field] as number
      const length = batch.rows * width
      const to = target + offset * (width - 1)
      if (length < blockCopy) {
        for (let index = 0; index < length; index++)
          numbers[to + index] = batch.numbers[source + index] as number
      } else {
        numbers.set(batch.numbers.subarray(source, source + length), to)
      }
      source += length
      target += rows * width
    }
    offset += batch.rows
  }
  return numbers
}

function joinTexts(batches: readonly RowBatch[], column: number): readonly string[] {
  const joined: string[] = []
  for (const { texts } of batches) for (const text of texts[column] ?? []) joined.push(text)
  return joined
}

/** Exact values are there for fields of some batches only; the others' numbers hold all that they have. */
function joinLongs(
  batches: readonly RowBatch[],
  rows: number,
): ReadonlyMap<number, BigInt64Array> | undefined {
  if (batches.every(({ longs }) => longs === undefined)) return undefined
  const joined = new Map<number, BigInt64Array>()
  const fields = new Set(batches.flatMap(({ longs }) => [...(longs?.keys() ?? [])]))
  for (const field of fields) {
    const { widths } = batches[0] as RowBatch
    const width = widths?.[field] ?? 1
    const before = widths?.slice(0, field).reduce((sum, each) => sum + each, 0) ?? field
    const values = new BigInt64Array(rows * width)
    let offset = 0
    for (const batch of batches) {
      const exact = batch.longs?.get(field)
      const from = before * batch.rows
      for (let index = 0; index < batch.rows * width; index++) {
        values[offset + index] = exact?.[index] ?? exactOf(batch.numbers[from + index] as number)
      }
      offset += batch.rows * width
    }
    joined.set(field, values)
  }
  return joined
}

/** Missing is NaN in the numbers, and there is no such integer. */
function exactOf(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n
}
