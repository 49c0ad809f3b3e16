import type { OutputColumn, RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'

type Score = (batch: RowBatch) => Promise<ScoredRows>

/** Scores with a graph that takes exactly `size` rows: so many at a time, the last ones filled up with the last row. */
export function inFixedBatches(score: Score, size: number): Score {
  return async (batch) => {
    if (batch.rows === size) return score(batch)
    const parts: ScoredRows[] = []
    for (let start = 0; start < batch.rows; start += size) parts.push(await score(slice(batch, start, size)))
    const [first] = parts
    const outputs = (first?.outputs ?? []).map(({ width }, i): OutputColumn => {
      const columns = parts.map((part) => part.outputs[i]?.values ?? [])
      return { width, values: firstOf(columns, batch.rows * width) }
    })
    return { rows: batch.rows, outputs }
  }
}

function slice({ rows, numbers, texts, widths, longs }: RowBatch, start: number, size: number): RowBatch {
  const places = Array.from({ length: size }, (_, i) => Math.min(start + i, rows - 1))
  const fields = widths ?? Array.from({ length: numbers.length / Math.max(rows, 1) }, () => 1)
  const part = new Float64Array(fields.reduce((sum, width) => sum + width, 0) * size)
  let [from, to] = [0, 0]
  for (const width of fields) {
    for (const [i, row] of places.entries())
      part.set(numbers.subarray(from + row * width, from + (row + 1) * width), to + i * width)
    from += rows * width
    to += size * width
  }
  return {
    rows: size,
    numbers: part,
    texts: texts.map((column) => {
      const width = column.length / rows
      return places.flatMap((row) => column.slice(row * width, (row + 1) * width))
    }),
    ...(widths === undefined ? {} : { widths }),
    ...(longs === undefined
      ? {}
      : {
          longs: new Map(
            [...longs].map(([field, values]) => {
              const width = values.length / rows
              const own = places.flatMap((row) => [...values.subarray(row * width, (row + 1) * width)])
              return [field, BigInt64Array.from(own)]
            }),
          ),
        }),
  }
}

function firstOf(columns: readonly OutputColumn['values'][], count: number): OutputColumn['values'] {
  const [first] = columns
  const all = columns.flatMap((values): (number | bigint | string)[] => [...values]).slice(0, count)
  if (first instanceof Float32Array) return Float32Array.from(all as number[])
  if (first instanceof Float64Array && all.every((value) => typeof value === 'number'))
    return Float64Array.from(all)
  return typeof all[0] === 'string' ? (all as string[]) : BigInt64Array.from(all, (value) => BigInt(value))
}
