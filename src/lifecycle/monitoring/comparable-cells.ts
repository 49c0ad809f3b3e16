import type { ColumnProfile } from '#lifecycle/data/index'
import { shortNumber } from './figures.ts'

/** Counts of the same cells in the reference and in the window. */
export interface CellPair {
  readonly labels: readonly string[]
  readonly reference: readonly number[]
  readonly window: readonly number[]
}

/**
 * Cochran's rule for tests on counts (Biometrics 10, 1954): a cell takes part on its own if it may expect five rows. The
 * expectation comes from the reference alone, so that what is pooled does not depend on what the window happens to show.
 */
const minimumExpected = 5

/**
 * The cells on which a window is compared with its reference; small ones are pooled, in numeric columns with their
 * neighbour, in categories with each other. Values outside the range of the reference count in its outermost cells.
 */
export function comparableCells(reference: ColumnProfile, window: ColumnProfile): CellPair {
  if (reference.kind === 'number' && window.kind === 'number') {
    const { edges } = reference
    const counts = { reference: foldEnds(reference.counts), window: foldEnds(window.counts) }
    const name: NameCell = (first, last) => rangeWords(edges, first, last + 1)
    return gather(counts, neighbourGroups(counts, window.count), name)
  }
  if (reference.kind === 'category' && window.kind === 'category') {
    const counts = {
      reference: [...reference.counts, reference.other],
      window: [...window.counts, window.other + window.unseen.count],
    }
    const name: NameCell = (first, last) => (first === last ? `"${reference.levels[first]}"` : 'rare values')
    return gather(counts, rareGroups(counts, window.count), name)
  }
  return { labels: [], reference: [], window: [] }
}

type Counts = Omit<CellPair, 'labels'>
/** Name of the cell pooled from those at these positions. */
type NameCell = (first: number, last: number) => string

function foldEnds(counts: readonly number[]): number[] {
  if (counts.length < 3) return []
  const inner = counts.slice(1, -1)
  inner[0] = (inner[0] as number) + (counts[0] as number)
  inner[inner.length - 1] = (inner.at(-1) as number) + (counts.at(-1) as number)
  return inner
}

function neighbourGroups(cells: Counts, nWindow: number): number[][] {
  const fraction = expectedFraction(cells, nWindow)
  const groups: number[][] = []
  let open: number[] = []
  let expected = 0
  for (const [index, count] of cells.reference.entries()) {
    open.push(index)
    expected += count * fraction
    if (expected < minimumExpected) continue
    groups.push(open)
    open = []
    expected = 0
  }
  if (open.length > 0) groups.push([...(groups.pop() ?? []), ...open])
  return groups
}

function rareGroups(cells: Counts, nWindow: number): number[][] {
  const fraction = expectedFraction(cells, nWindow)
  const groups: number[][] = []
  const rare: number[] = []
  let expectedRare = 0
  for (const [index, count] of cells.reference.entries()) {
    // The last cell is no level of its own but everything unnamed.
    if (count * fraction >= minimumExpected && index < cells.reference.length - 1) groups.push([index])
    else {
      rare.push(index)
      expectedRare += count * fraction
    }
  }
  if (expectedRare >= minimumExpected || groups.length === 0) groups.push(rare)
  else groups.push([...(groups.pop() as number[]), ...rare])
  return groups
}

/** Rows to expect in the smaller of the two samples for each row of the reference. */
function expectedFraction(cells: Counts, nWindow: number): number {
  return Math.min(1, nWindow / Math.max(1, total(cells.reference)))
}

function gather(counts: Counts, groups: readonly (readonly number[])[], name: NameCell): CellPair {
  const add = (values: readonly number[]): number[] =>
    groups.map((group) => total(group.map((at) => values[at] as number)))
  return {
    labels: groups.map((group) => name(group[0] as number, group.at(-1) as number)),
    reference: add(counts.reference),
    window: add(counts.window),
  }
}

/** Cells of whole numbers are cut halfway between two of them; a reader wants the numbers themselves. */
function rangeWords(edges: readonly number[], from: number, to: number): string {
  const low = edges[from] as number
  const high = edges[to] as number
  const whole = edges.every((edge) => Number.isInteger(edge * 2))
  if (!whole) return `${shortNumber(low)} to ${shortNumber(high)}`
  const [first, last] = [Math.ceil(low), Math.floor(high)]
  return first === last ? shortNumber(first) : `${shortNumber(first)} to ${shortNumber(last)}`
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
