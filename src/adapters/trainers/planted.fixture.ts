import { createRandom } from '#platform/random'
import type { CategoryColumn, Frame } from '#platform/tables/frame'

/** Columns for a test: numbers (NaN is missing) or text ('' is missing), all of one length. */
export function frameOf(columns: Readonly<Record<string, readonly number[] | readonly string[]>>): Frame {
  const entries = Object.entries(columns).map(([name, cells]) => {
    if (cells.every((cell) => typeof cell === 'number'))
      return [name, { kind: 'number' as const, values: Float64Array.from(cells) }] as const
    return [name, categoryOf(cells.map(String))] as const
  })
  return { rows: Object.values(columns)[0]?.length ?? 0, columns: Object.fromEntries(entries) }
}

function categoryOf(cells: readonly string[]): CategoryColumn {
  const levels = [...new Set(cells.filter((cell) => cell !== ''))].toSorted()
  return { kind: 'category', levels, codes: Int32Array.from(cells, (cell) => levels.indexOf(cell)) }
}

/**
 * Rows whose outcome is known to depend on: a step in `level` (missing counts as high), a bend in `load`, an odd-numbered
 * `shop` (forty levels, so that no order of names helps), and `slot`, a number that is really a category.
 */
export function plantedFrame(rows: number, seed: number): Frame {
  const random = createRandom(seed)
  const columns = { level: [] as number[], load: [] as number[], shop: [] as string[], slot: [] as number[] }
  const late: number[] = []
  const minutes: number[] = []
  for (let i = 0; i < rows; i++) {
    const level = random.uniform() < 0.1 ? Number.NaN : Math.round(random.uniform() * 1000) / 10
    const load = random.normal()
    const shop = random.below(40)
    const slot = random.below(5)
    const score =
      (Number.isNaN(level) || level > 60 ? 1.2 : -0.6) +
      0.8 * Math.abs(load) +
      (shop % 2 === 1 ? 0.9 : -0.9) +
      (slot === 2 ? 0.7 : 0)
    columns.level.push(level)
    columns.load.push(load)
    columns.shop.push(random.uniform() < 0.03 ? '' : `shop-${shop}`)
    columns.slot.push(slot)
    late.push(random.uniform() < 1 / (1 + Math.exp(0.5 - score)) ? 1 : 0)
    minutes.push(10 * score + 3 * random.normal())
  }
  return frameOf({ ...columns, late, minutes })
}

export const plantedFeatures = [
  { name: 'level', kind: 'number' },
  { name: 'load', kind: 'number' },
  { name: 'shop', kind: 'category' },
  { name: 'slot', kind: 'category' },
] as const

/** The labels of a planted frame. */
export function labelsOf(frame: Frame, label: string): Float64Array {
  const column = frame.columns[label]
  return column?.kind === 'number' ? column.values : new Float64Array()
}

export function logLossOf(labels: Float64Array, probabilities: Float64Array): number {
  return (
    -labels.reduce(
      (sum, label, i) =>
        sum + Math.log(label === 1 ? (probabilities[i] as number) : 1 - (probabilities[i] as number)),
      0,
    ) / labels.length
  )
}

export function rmseOf(labels: Float64Array, predictions: Float64Array): number {
  return Math.sqrt(
    labels.reduce((sum, label, i) => sum + (label - (predictions[i] as number)) ** 2, 0) / labels.length,
  )
}
