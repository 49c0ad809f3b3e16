/** Rows of whole numbers: `cells[row * featureCount + f]`. */
export interface Cells {
  readonly rows: number
  readonly featureCount: number
  readonly cells: Uint16Array | Uint32Array
}

/** Rows with the same cells are a group; groups are numbered by their first row, and `cells` has one row each. */
export interface EqualRows {
  readonly cells: Uint16Array | Uint32Array
  readonly groupOf: Int32Array
  readonly firstRows: Int32Array
}

/**
 * Rows that are equal in all features are the same to a model, so the sums it works on are the same if they are one row
 * with a weight. Tables of a few coded columns shrink a lot: a schedule repeats, and two months of US flights, 966,409
 * rows by hour, weekday, distance, origin and destination, are 168,644 different ones.
 */
export function findEqualRows({ rows, featureCount: stride, cells }: Cells): EqualRows {
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(rows * 2 + 1))).fill(-1)
  const last = slots.length - 1
  const groupOf = new Int32Array(rows)
  const firstRows = new Int32Array(rows)
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
      firstRows[group] = row
      for (let f = 0; f < stride; f++) groupCells[group * stride + f] = cells[row * stride + f] as number
    }
    groupOf[row] = group
  }
  return { cells: groupCells.slice(0, groups * stride), groupOf, firstRows: firstRows.slice(0, groups) }
}

/** FNV-1a over whole cells, mixed downwards, since cells may differ only in their low or only in their high bits. */
function hashOf(cells: Uint16Array | Uint32Array, start: number, stride: number): number {
  let hash = 0x811c9dc5
  for (let at = start; at < start + stride; at++) {
    hash = Math.imul(hash ^ (cells[at] as number), 0x01000193)
    hash ^= hash >>> 15
  }
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
