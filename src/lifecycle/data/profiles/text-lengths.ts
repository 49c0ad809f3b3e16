import { z } from 'zod'
import type { Cell } from '#platform/tables/cell'

/** How long the texts of a column are, in code points. Counted on edges that are the same everywhere, so that it merges exactly. */
export const textLengthsSchema = z.object({
  min: z.int().min(0),
  max: z.int().min(0),
  mean: z.number(),
  histogram: z
    .array(z.object({ from: z.int().min(0), to: z.int().min(0), count: z.int().min(1) }))
    .describe('texts by length, both ends included; lengths without a text are left out'),
})
export type TextLengths = Readonly<z.infer<typeof textLengthsSchema>>

/** Each length up to 16, then four steps a doubling, up to 16 million. */
const upperEdges: readonly number[] = [
  ...Array.from({ length: 17 }, (_, length) => length),
  ...Array.from({ length: 80 }, (_, step) =>
    Math.round(2 ** (4 + Math.floor(step / 4)) * (1.25 + (step % 4) / 4)),
  ),
]

/** Aggregates over texts, each of which counts as often as `weight` says. */
export function lengthAggregates(text: string, prefix: string): string[] {
  const length = `length(${text})`
  return [
    `min(${length}) AS ${prefix}_shortest`,
    `max(${length}) AS ${prefix}_longest`,
    `sum(${length}) AS ${prefix}_characters`,
    `histogram(${length}, [${upperEdges.join(', ')}]) AS ${prefix}_lengths`,
  ]
}

export function textLengths(
  row: Readonly<Record<string, Cell>>,
  { prefix, count }: { prefix: string; count: number },
): TextLengths | undefined {
  if (count === 0 || row[`${prefix}_shortest`] === null) return undefined
  const bins = row[`${prefix}_lengths`]
  return {
    min: Number(row[`${prefix}_shortest`]),
    max: Number(row[`${prefix}_longest`]),
    mean: Number(row[`${prefix}_characters`]) / count,
    histogram: (Array.isArray(bins) ? bins : []).flatMap((bin) => {
      const { key, value } = bin as { key: number; value: number }
      const at = upperEdges.indexOf(key)
      if (value === 0 || at < 0) return []
      return [
        {
          from: at === 0 ? 0 : (upperEdges[at - 1] as number) + 1,
          to: upperEdges[at] as number,
          count: value,
        },
      ]
    }),
  }
}

/** Counts by length, when the texts were counted before: far fewer distinct ones have to be measured. */
export function lengthsOfCounts(
  counted: readonly { readonly length: number; readonly count: number }[],
): TextLengths | undefined {
  if (counted.length === 0) return undefined
  const bins = new Map<number, number>()
  let [min, max, characters, texts] = [Number.POSITIVE_INFINITY, 0, 0, 0]
  for (const { length, count } of counted) {
    min = Math.min(min, length)
    max = Math.max(max, length)
    characters += length * count
    texts += count
    const at = upperEdges.findIndex((edge) => length <= edge)
    if (at >= 0) bins.set(at, (bins.get(at) ?? 0) + count)
  }
  const histogram = [...bins]
    .sort((a, b) => a[0] - b[0])
    .map(([at, count]) => ({
      from: at === 0 ? 0 : (upperEdges[at - 1] as number) + 1,
      to: upperEdges[at] as number,
      count,
    }))
  return { min, max, mean: characters / texts, histogram }
}

export function mergeTextLengths(
  a: { readonly lengths: TextLengths | undefined; readonly count: number },
  b: { readonly lengths: TextLengths | undefined; readonly count: number },
): TextLengths | undefined {
  if (a.lengths === undefined || b.lengths === undefined) {
    // Known on one side only: the whole is known where the other side has no text at all.
    if (a.lengths === undefined && a.count === 0) return b.lengths
    return b.lengths === undefined && b.count === 0 ? a.lengths : undefined
  }
  const counts = new Map(a.lengths.histogram.map((bin) => [bin.from, bin]))
  for (const bin of b.lengths.histogram) {
    counts.set(bin.from, { ...bin, count: bin.count + (counts.get(bin.from)?.count ?? 0) })
  }
  return {
    min: Math.min(a.lengths.min, b.lengths.min),
    max: Math.max(a.lengths.max, b.lengths.max),
    mean: (a.lengths.mean * a.count + b.lengths.mean * b.count) / (a.count + b.count),
    histogram: [...counts.values()].sort((left, right) => left.from - right.from),
  }
}
