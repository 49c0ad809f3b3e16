import type { Column, Frame } from '#platform/tables/frame'
import {
  type MetricName,
  metricNamed,
  metricsOfTask,
  type MetricValue,
  type SliceResult,
  type Task,
} from './contract.ts'
import { measureRows } from './measure.ts'
import type { MetricOptions } from './metric.ts'
import { type ScoredRows, selectRows } from './scored-rows.ts'
import { isByColumn, type NamedSlice, type SliceDefinition, type SlicesByColumn } from './slice-definition.ts'
import { type ColumnGroups, groupByValue, membership } from './slice-membership.ts'

export interface SlicedRows {
  readonly rows: ScoredRows
  /** The columns of the same rows, in the caller's order. */
  readonly frame: Frame
}

/**
 * The task's metrics on every slice. A slice that cannot be measured stays in the list with the reason: too
 * few rows leave its metrics undefined, a column that is missing or of another kind makes them errors.
 * O(rows) for each definition.
 */
export function measureSlices(
  input: SlicedRows,
  definitions: readonly SliceDefinition[],
  options: Partial<MetricOptions> = {},
): readonly SliceResult[] {
  return definitions.flatMap((definition) =>
    isByColumn(definition)
      ? measureByColumn(input, definition, options)
      : [measureNamed(input, definition, options)],
  )
}

/** The same list when there are no rows to measure, each slice with the reason. */
export function brokenSlices(
  definitions: readonly SliceDefinition[],
  task: Task,
  reason: string,
): readonly SliceResult[] {
  return definitions.map((definition) =>
    isByColumn(definition)
      ? brokenSlice({ name: definition.by, column: definition.by, named: false }, reason, task)
      : brokenSlice({ name: definition.name, column: definition.column, named: true }, reason, task),
  )
}

/**
 * Where a metric is worst among the slices that have a value; undefined when none has, or when no side is
 * worse.
 */
export function worstSlice(
  slices: readonly SliceResult[],
  name: MetricName,
): { slice: SliceResult; metric: Extract<MetricValue, { status: 'value' }> } | undefined {
  let worst: ReturnType<typeof worstSlice>
  for (const slice of slices) {
    const metric = metricNamed(slice.metrics, name)
    if (metric?.status !== 'value' || metric.higherIsBetter === null) continue
    const isWorse =
      worst === undefined ||
      (metric.higherIsBetter ? metric.value < worst.metric.value : metric.value > worst.metric.value)
    if (isWorse) worst = { slice, metric }
  }
  return worst
}

function measureNamed(
  { rows, frame }: SlicedRows,
  slice: NamedSlice,
  options: Partial<MetricOptions>,
): SliceResult {
  const identity = { name: slice.name, column: slice.column, named: true }
  const column = columnNamed(frame, slice.column)
  const members = typeof column === 'string' ? column : membership(column, slice)
  if (typeof members === 'string') return brokenSlice(identity, members, rows.task)
  const positions = new Uint32Array(rows.n)
  let count = 0
  for (let position = 0; position < rows.n; position += 1) {
    if (members[rows.rows[position] as number] !== 1) continue
    positions[count] = position
    count += 1
  }
  return measurePart(identity, selectRows(rows, positions.subarray(0, count)), {
    ...options,
    minimumRows: slice.min_rows,
  })
}

function measureByColumn(
  { rows, frame }: SlicedRows,
  definition: SlicesByColumn,
  options: Partial<MetricOptions>,
): readonly SliceResult[] {
  const identity = { name: definition.by, column: definition.by, named: false }
  const column = columnNamed(frame, definition.by)
  if (typeof column === 'string') return [brokenSlice(identity, column, rows.task)]
  const groups = groupByValue(column, definition)
  return partition(rows, groups).map((part, group) => {
    const { label, pooledValues } = groups.groups[group] ?? { label: '' }
    const name = `${definition.by}: ${label}`
    return measurePart({ ...identity, name, ...(pooledValues === undefined ? {} : { pooledValues }) }, part, {
      ...options,
      minimumRows: definition.min_rows,
    })
  })
}

/** Hands the sorted rows out to their groups, so that each part is sorted again without sorting. */
function partition(rows: ScoredRows, { codes, groups }: ColumnGroups): readonly ScoredRows[] {
  const starts = new Uint32Array(groups.length + 1)
  for (const code of codes) starts[code + 1] = (starts[code + 1] as number) + 1
  for (let group = 0; group < groups.length; group += 1) {
    starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number)
  }
  const next = starts.slice()
  const positions = new Uint32Array(rows.n)
  for (let position = 0; position < rows.n; position += 1) {
    const group = codes[rows.rows[position] as number] as number
    const target = next[group] as number
    positions[target] = position
    next[group] = target + 1
  }
  return groups.map((_, group) => selectRows(rows, positions.subarray(starts[group], starts[group + 1])))
}

type Identity = Pick<SliceResult, 'name' | 'column' | 'named' | 'pooledValues'>

function measurePart(
  identity: Identity,
  part: ScoredRows,
  { minimumRows, ...options }: Partial<MetricOptions> & { readonly minimumRows: number },
): SliceResult {
  const tooSmall = part.n < minimumRows
  if (!tooSmall) return { ...identity, n: part.n, tooSmall, metrics: [...measureRows(part, options)] }
  const reason =
    part.n === 0 ? 'no row belongs to this slice' : `${part.n} rows are fewer than min_rows ${minimumRows}`
  const metrics = metricsOfTask[part.task].map((name): MetricValue => ({
    status: 'undefined',
    name,
    reason,
    n: part.n,
  }))
  return { ...identity, n: part.n, tooSmall, metrics }
}

function brokenSlice(identity: Identity, reason: string, task: Task): SliceResult {
  const metrics = metricsOfTask[task].map((name): MetricValue => ({ status: 'error', name, reason }))
  return { ...identity, n: 0, tooSmall: false, metrics }
}

function columnNamed(frame: Frame, name: string): Column | string {
  const column = Object.hasOwn(frame.columns, name) ? frame.columns[name] : undefined
  if (column !== undefined) return column
  return `the evaluation data has no column ${name}; it has ${Object.keys(frame.columns).join(', ')}`
}
