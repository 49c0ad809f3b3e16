import type { TrainingTable } from '#lifecycle/training/index'
import { binCount, binFeature } from './feature-bins.ts'
import type { FeatureBins } from './feature-bins.ts'

/**
 * A table as the grower reads it. One row's cells lie side by side, so that a row costs one cache line and the sums of
 * its features overlap in the processor; measured, that is twice as fast as one column after the other.
 */
export interface BinnedRows {
  readonly rows: number
  readonly featureCount: number
  /** `cells[row * featureCount + f]` is the bin plus `offsets[f]`: an index into a histogram of all features. */
  readonly cells: Uint16Array | Uint32Array
  /** Where each feature's bins begin in the histogram; one more entry closes the last. */
  readonly offsets: Int32Array
}

/** Rows with what is to be learned about them. */
export interface LabelledRows extends BinnedRows {
  /** How many rows of the table this row stands for. */
  readonly counts: Int32Array
  readonly weights: Float64Array
  /** The sum of weight × label, and of weight × label². */
  readonly labels: Float64Array
  readonly squares: Float64Array
}

export function binRows(
  table: Pick<TrainingTable, 'rows' | 'features'>,
  bins: readonly FeatureBins[],
): BinnedRows {
  const stride = bins.length
  const offsets = new Int32Array(stride + 1)
  for (const [f, each] of bins.entries()) offsets[f + 1] = (offsets[f] as number) + binCount(each)
  const total = offsets[stride] as number
  const size = table.rows * stride
  const cells = total <= 0x1_0000 ? new Uint16Array(size) : new Uint32Array(size)
  for (const [f, each] of bins.entries()) {
    const feature = table.features[f]
    if (feature !== undefined)
      binFeature(feature, each, { cells, at: f, stride, offset: offsets[f] as number })
  }
  return { rows: table.rows, featureCount: stride, cells, offsets }
}

export function labelRows(binned: BinnedRows, table: TrainingTable): LabelledRows {
  const weights = table.weight ?? new Float64Array(table.rows).fill(1)
  const labels = table.label.map((label, i) => label * (weights[i] as number))
  const squares = labels.map((product, i) => product * (table.label[i] as number))
  return { ...binned, counts: new Int32Array(table.rows).fill(1), weights, labels, squares }
}

/** Rows with the same cells belong to one group; groups are numbered by their first row. */
export interface EqualRows {
  readonly groups: BinnedRows
  readonly groupOf: Int32Array
}

/**
 * Rows that fall into the same bin of every feature are the same to a tree, so the sums it works on are the same if
 * they are one row with a weight. Tables of a few coded columns shrink a lot: a schedule repeats, and two months of US
 * flights, 966,409 rows by hour, weekday, distance, origin and destination, are 168,644 different ones.
 */
export function findEqualRows(binned: BinnedRows): EqualRows {
  const { rows, featureCount: stride, cells } = binned
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(rows * 2 + 1))).fill(-1)
  const last = slots.length - 1
  const groupOf = new Int32Array(rows)
  const groupCells = cells.slice()
  let groups = 0
  for (let row = 0; row < rows; row++) {
    let slot = hashOf(cells, row * stride, stride) & last
    let group = slots[slot] as number
    while (group !== -1 && !sameCells(cells, row * stride, groupCells, group * stride, stride)) {
      slot = (slot + 1) & last
      group = slots[slot] as number
    }
    if (group === -1) {
      group = groups++
      slots[slot] = group
      for (let f = 0; f < stride; f++) groupCells[group * stride + f] = cells[row * stride + f] as number
    }
    groupOf[row] = group
  }
  return { groups: { ...binned, rows: groups, cells: groupCells.slice(0, groups * stride) }, groupOf }
}

export function mergeEqualRows(rows: LabelledRows): LabelledRows {
  const { groups, groupOf } = findEqualRows(rows)
  const counts = new Int32Array(groups.rows)
  for (const group of groupOf) counts[group] = (counts[group] as number) + 1
  const sumOf = (values: Float64Array): Float64Array => {
    const sums = new Float64Array(groups.rows)
    for (let row = 0; row < groupOf.length; row++) {
      const group = groupOf[row] as number
      sums[group] = (sums[group] as number) + (values[row] as number)
    }
    return sums
  }
  return {
    ...groups,
    counts,
    weights: sumOf(rows.weights),
    labels: sumOf(rows.labels),
    squares: sumOf(rows.squares),
  }
}

/** FNV-1a over whole cells with a final mix, since cells of neighbouring bins differ only in their low bits. */
function hashOf(cells: Uint16Array | Uint32Array, start: number, stride: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < start + stride; at++) hash = Math.imul(hash ^ (cells[at] as number), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return hash ^ (hash >>> 13)
}

// oxlint-disable-next-line max-params -- called for every row: an object per call would be allocated
function sameCells(
  a: Uint16Array | Uint32Array,
  startA: number,
  b: Uint16Array | Uint32Array,
  startB: number,
  stride: number,
): boolean {
  for (let f = 0; f < stride; f++) if (a[startA + f] !== b[startB + f]) return false
  return true
}
