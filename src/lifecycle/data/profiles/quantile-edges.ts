/** Cells that the edges of a reference aim at. Each holds about 5 % of its rows unless one value alone holds more. */
const targetCells = 20

/**
 * Edges at about equal shares of the rows. Cut points lie between two neighbouring distinct values, so that equal values
 * always share a cell and a value that alone holds a cell's share gets a cell of its own: a weekday has seven cells, and
 * a column that is mostly 0 keeps its zeros apart.
 */
export function quantileEdges(values: Float64Array): number[] {
  const sorted = values.filter((value) => Number.isFinite(value)).sort()
  if (sorted.length === 0) return []
  return oneCellEach(sorted) ?? equalShares(sorted)
}

function equalShares(sorted: Float64Array): number[] {
  const share = sorted.length / targetCells
  const edges = [sorted[0] as number]
  let cellStart = 0
  let start = 0
  while (start < sorted.length) {
    const value = sorted[start] as number
    const end = endOfTie(sorted, start)
    if (start > cellStart && (start - cellStart >= share || end - start >= share)) {
      edges.push(between(sorted[start - 1] as number, value))
      cellStart = start
    }
    start = end
  }
  edges.push(sorted.at(-1) as number)
  return edges
}

/** A cell for each value where there are no more values than cells. */
function oneCellEach(sorted: Float64Array): number[] | undefined {
  const distinct: number[] = []
  for (let start = 0; start < sorted.length; start = endOfTie(sorted, start)) {
    distinct.push(sorted[start] as number)
    if (distinct.length > targetCells) return undefined
  }
  const cuts = distinct.slice(1).map((value, index) => between(distinct[index] as number, value))
  return [distinct[0] as number, ...cuts, distinct.at(-1) as number]
}

function endOfTie(sorted: Float64Array, start: number): number {
  const value = sorted[start] as number
  let end = start + 1
  while (end < sorted.length && sorted[end] === value) end++
  return end
}

/** A number above `low` and at most `high`, halfway where floating point has one. */
function between(low: number, high: number): number {
  const middle = low + (high - low) / 2
  return middle > low ? middle : high
}

/** Index into `counts`: 0 below the first edge, `edges.length` above the last; the last inner cell includes its end. */
export function cellOf(edges: readonly number[], value: number): number {
  const last = edges.length - 1
  if (last < 0 || value < (edges[0] as number)) return 0
  if (value > (edges[last] as number)) return last + 1
  let low = 1
  let high = last
  while (low < high) {
    const middle = (low + high) >> 1
    if (value < (edges[middle] as number)) high = middle
    else low = middle + 1
  }
  return low
}
