import type { CategoryColumn, Column, NumberColumn } from '#platform/tables/frame'
import type { NamedSlice, SlicesByColumn, SliceValue } from './slice-definition.ts'
import { sortingOrder } from './sorting-order.ts'

/** More distinct numbers than this are a quantity, not a label, and are cut in quarters. */
const maximumDistinctNumbers = 32

export interface ColumnGroups {
  /** Group of each row. */
  readonly codes: Int32Array
  readonly groups: readonly { readonly label: string; readonly pooledValues?: number }[]
}

/** 1 for each row that belongs to the slice; in words when the column cannot be asked this. */
export function membership(column: Column, slice: NamedSlice): Uint8Array | string {
  if (slice.between !== undefined) {
    if (column.kind !== 'number') return `between needs numbers, and column ${slice.column} holds text`
    const [low, high] = slice.between
    return numbersWhere(column, (value) => value >= (low ?? -Infinity) && value <= (high ?? Infinity))
  }
  const wanted = slice.in ?? (slice.equals === undefined ? [] : [slice.equals])
  if (column.kind === 'category') return textsIn(column, new Set(wanted.map(String)))
  const texts = wanted.filter((value) => typeof value === 'string')
  if (texts.length > 0) return `column ${slice.column} holds numbers, and ${JSON.stringify(texts[0])} is text`
  const numbers = new Set(wanted.map((value: SliceValue) => Number(value)))
  return numbersWhere(column, (value) => numbers.has(value))
}

/**
 * One group for each frequent value, most frequent first; then the pooled rare values, then the missing ones.
 */
export function groupByValue(column: Column, definition: SlicesByColumn): ColumnGroups {
  const { codes, labels } = column.kind === 'category' ? categoryCodes(column) : numberCodes(column)
  const sizes = new Uint32Array(labels.length)
  let missing = 0
  for (const code of codes) {
    if (code < 0) missing += 1
    else sizes[code] = (sizes[code] as number) + 1
  }
  const present = [...sizes.keys()].filter((code) => (sizes[code] as number) > 0)
  const byFrequency =
    column.kind === 'category'
      ? present.sort((a, b) => (sizes[b] as number) - (sizes[a] as number) || a - b)
      : present
  const frequent = byFrequency.filter((code) => (sizes[code] as number) >= definition.min_rows)
  const shown = new Set(
    [...frequent].sort((a, b) => (sizes[b] as number) - (sizes[a] as number)).slice(0, definition.top),
  )
  const rare = byFrequency.filter((code) => !shown.has(code))
  // A single rare value keeps its name: pooling it would hide it and help nobody.
  if (rare.length === 1) for (const code of rare.splice(0)) shown.add(code)

  const groups: { label: string; pooledValues?: number }[] = []
  const groupOf = new Int32Array(labels.length)
  for (const code of byFrequency) {
    if (!shown.has(code)) continue
    groupOf[code] = groups.length
    groups.push({ label: labels[code] ?? '' })
  }
  for (const code of rare) groupOf[code] = groups.length
  if (rare.length > 0) groups.push({ label: `${rare.length} other values`, pooledValues: rare.length })
  const missingGroup = groups.length
  if (missing > 0) groups.push({ label: '(missing)' })
  return { codes: codes.map((code) => (code < 0 ? missingGroup : (groupOf[code] as number))), groups }
}

function categoryCodes({ codes, levels }: CategoryColumn): { codes: Int32Array; labels: readonly string[] } {
  return { codes, labels: levels }
}

function numberCodes({ values }: NumberColumn): { codes: Int32Array; labels: readonly string[] } {
  const distinct = distinctUpTo(values, maximumDistinctNumbers)
  if (distinct !== undefined) {
    const codeOf = new Map(distinct.map((value, code) => [value, code]))
    return {
      codes: Int32Array.from(values, (value) => codeOf.get(value) ?? -1),
      labels: distinct.map(String),
    }
  }
  const present = values.filter((value) => !Number.isNaN(value))
  const order = sortingOrder(present)
  const at = (share: number): number =>
    present[order[Math.floor(share * (present.length - 1))] as number] as number
  const edges = [...new Set([at(0), at(0.25), at(0.5), at(0.75), at(1)])]
  const inner = edges.slice(1, -1)
  const codes = Int32Array.from(values, (value) =>
    Number.isNaN(value) ? -1 : inner.reduce((code, edge) => code + (value > edge ? 1 : 0), 0),
  )
  const labels = edges
    .slice(1)
    .map((edge, index) => (index === 0 ? `${edges[0]} to ${edge}` : `over ${edges[index]} to ${edge}`))
  return { codes, labels }
}

/** The different numbers in rising order; undefined when there are more. */
function distinctUpTo(values: Float64Array, maximum: number): readonly number[] | undefined {
  const distinct = new Set<number>()
  for (const value of values) {
    if (Number.isNaN(value)) continue
    distinct.add(value)
    if (distinct.size > maximum) return undefined
  }
  return [...distinct].sort((a, b) => a - b)
}

function numbersWhere({ values }: NumberColumn, holds: (value: number) => boolean): Uint8Array {
  const members = new Uint8Array(values.length)
  for (let row = 0; row < values.length; row += 1) members[row] = holds(values[row] as number) ? 1 : 0
  return members
}

function textsIn({ codes, levels }: CategoryColumn, wanted: ReadonlySet<string>): Uint8Array {
  const wantedCode = levels.map((level) => wanted.has(level))
  const members = new Uint8Array(codes.length)
  for (let row = 0; row < codes.length; row += 1)
    members[row] = wantedCode[codes[row] as number] === true ? 1 : 0
  return members
}
