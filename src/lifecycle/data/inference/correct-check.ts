import { formatCount } from '#contract/units'
import { requireRow, type Tables } from '#platform/tables/index'
import { setLiteral, valueOf } from '../checks/compile/columns.ts'
import type { Check, CheckOf } from '../checks/expectation.ts'
import type { CheckResult } from '../checks/validation.ts'
import type { Column } from '../rows/column-type.ts'
import type { Correction } from './suite-proposal.ts'

type Edit = Correction['edits'][number]

export interface CorrectionRequest {
  /** Where the expectation stands under the dataset: `['expectations', 3]`. */
  readonly path: readonly (string | number)[]
  readonly check: Check
  readonly result: CheckResult
  /** Columns of a list that the expectation is about, each by itself. */
  readonly together: readonly string[]
  /** The columns that arrived. */
  readonly columns: readonly Column[]
  /** Values of the column may not be told. */
  readonly isMasked: boolean
}

const maximumNewValues = 20
/** So few that they are outliers, not another range. */
const outlierShare = 0.002
/** Beyond this it is not the expectation that is wrong. */
const maximumForgiven = 0.5

/** The change that would let the arrival pass; undefined when no change of a limit or a list should. */
export async function correctCheck(
  tables: Tables,
  request: CorrectionRequest,
): Promise<Correction | undefined> {
  const { check, result } = request
  if (result.outcome === 'error') return undefined
  switch (check.kind) {
    case 'in_set':
      return (await addedValues(tables, request, check)) ?? forgiven(request)
    case 'between':
      return (await widened(tables, request, check)) ?? forgiven(request)
    case 'not_null':
      return nullable(request, check)
    case 'schema':
      return otherColumns(request, check)
    case 'row_count':
    case 'distinct_count':
    case 'column_count':
      return movedLimit(request, check, ['at_least', 'at_most'])
    case 'min':
    case 'max':
    case 'mean':
    case 'median':
    case 'sum':
    case 'stdev':
    case 'unique_proportion':
      return movedLimit(request, check, ['minimum', 'maximum'])
    case 'unique':
    case 'fresh':
      // Duplicates and age are faults of the data until a person says otherwise.
      return undefined
    default:
      return forgiven(request)
  }
}

function columnOf({ columns }: CorrectionRequest, name: string): Column | undefined {
  return columns.find((column) => column.name === name)
}

function set({ path }: CorrectionRequest, below: readonly (string | number)[], value: unknown): Edit {
  return { kind: 'set', path: [...path, ...below], value }
}

async function addedValues(
  tables: Tables,
  request: CorrectionRequest,
  check: CheckOf<'in_set'>,
): Promise<Correction | undefined> {
  const column = columnOf(request, check.column)
  if (column === undefined || request.isMasked || check.values === null) return undefined
  const value = valueOf(column)
  const known = check.values.map((one) => setLiteral(one, column))
  const rows = await tables.rows(
    `SELECT ${value} AS value, count(*) AS n FROM arrival WHERE ${value} IS NOT NULL AND ${value} NOT IN (${known.join(', ')})
     GROUP BY 1 ORDER BY n DESC, 1 LIMIT ${maximumNewValues + 1}`,
  )
  if (rows.length === 0 || rows.length > maximumNewValues) return undefined
  const added = rows.map((row) => row['value'] as string | number | boolean)
  const counts = rows.map(
    ({ value: one, n }) =>
      `${JSON.stringify(one)} in ${formatCount(Number(n))} row${Number(n) === 1 ? '' : 's'}`,
  )
  return {
    edits: [set(request, ['in_set', 'values'], [...check.values, ...added])],
    expected: request.result.expected,
    evidence: `new: ${counts.join(', ')}`,
    advice: `adds ${added.length === 1 ? 'the new value' : `${added.length} new values`}, if ${added.length === 1 ? 'it is' : 'they are'} right`,
  }
}

async function widened(
  tables: Tables,
  request: CorrectionRequest,
  check: CheckOf<'between'>,
): Promise<Correction | undefined> {
  const { result } = request
  const column = columnOf(request, check.column)
  const { unexpected = 0, considered = 0 } = result
  if (column === undefined || request.isMasked) return undefined
  if (column.type !== 'integer' && column.type !== 'number') return undefined
  if (unexpected <= outlierShare * considered && considered >= 1000) return undefined
  const row = requireRow(
    await tables.rows(`SELECT min(${valueOf(column)}) AS low, max(${valueOf(column)}) AS high FROM arrival`),
  )
  const [low, high] = [Number(row['low']), Number(row['high'])]
  const { minimum, maximum } = check
  const edits = [
    ...(typeof minimum === 'number' && low < minimum
      ? [set(request, ['between', 'minimum'], outwards(low, -1))]
      : []),
    ...(typeof maximum === 'number' && high > maximum
      ? [set(request, ['between', 'maximum'], outwards(high, 1))]
      : []),
  ]
  if (edits.length === 0) return undefined
  return {
    edits,
    expected: result.expected,
    evidence: `${formatCount(unexpected)} of ${formatCount(considered)} values outside; found ${low} to ${high}`,
    advice: 'widens the range to what arrived, if that is how the values are now',
  }
}

/** To two digits, away from zero or towards it as the direction says. */
function outwards(value: number, direction: 1 | -1): number {
  const step = 10 ** (Math.floor(Math.log10(Math.abs(value) || 1)) - 1)
  const rounded = (direction > 0 ? Math.ceil(value / step) : Math.floor(value / step)) * step
  return Number(rounded.toPrecision(12))
}

function nullable(request: CorrectionRequest, check: CheckOf<'not_null'>): Correction {
  const { result, together, path } = request
  const { unexpected = 0, considered = 0 } = result
  const share = considered === 0 ? 0 : 1 - unexpected / considered
  const mostly = Math.floor(share * 100) / 100
  const rest = together.filter((name) => name !== check.column)
  const own = mostly > 0 ? { not_null: check.column, mostly, severity: 'warn' } : undefined
  const edits: Edit[] =
    rest.length === 0
      ? [set(request, mostly > 0 ? ['mostly'] : ['severity'], mostly > 0 ? mostly : 'warn')]
      : [
          set(request, ['not_null'], rest.length === 1 ? rest[0] : rest),
          ...(own === undefined ? [] : [{ kind: 'append' as const, path: [path[0] as string], value: own }]),
        ]
  return {
    edits,
    expected: result.expected,
    evidence: `missing in ${formatCount(unexpected)} of ${formatCount(considered)} rows`,
    advice:
      mostly > 0
        ? `lets ${check.column} be missing in up to ${Math.round(100 - 100 * mostly)} % of the rows`
        : `lets ${check.column} be missing`,
  }
}

function otherColumns(request: CorrectionRequest, check: CheckOf<'schema'>): Correction | undefined {
  const { columns, result } = request
  const expected = new Map(Object.entries(check.columns))
  const edits: Edit[] = []
  const told: string[] = []
  for (const { name, type } of columns) {
    const wanted = expected.get(name)
    if (type === 'unknown' || type === 'other' || wanted === type) continue
    if (wanted === undefined && check.extraColumns === 'allow') continue
    const isNarrower =
      (type === 'integer' && wanted === 'number') || (type === 'date' && wanted === 'timestamp')
    if (isNarrower) continue
    edits.push(set(request, ['schema', name], type))
    told.push(wanted === undefined ? `new column ${name} (${type})` : `${name} is ${type}, not ${wanted}`)
  }
  if (edits.length === 0) return undefined
  return {
    edits,
    expected: 'the columns of the schema',
    evidence: told.join('; '),
    advice:
      result.samples.length > 0
        ? 'takes the new types; look at the values first'
        : 'takes the columns as they are now',
  }
}

function movedLimit(
  request: CorrectionRequest,
  check: Check,
  [lowKey, highKey]: readonly [string, string],
): Correction | undefined {
  const { result } = request
  const { observed } = result
  const { minimum, maximum } = check as { minimum?: unknown; maximum?: unknown }
  if (typeof observed !== 'number') return undefined
  const isLow = typeof minimum === 'number' && observed < minimum
  const isHigh = typeof maximum === 'number' && observed > maximum
  // `equals` is a promise, not a limit.
  if ((!isLow && !isHigh) || minimum === maximum) return undefined
  const isCount = lowKey === 'at_least'
  const margin = Math.abs(observed) * 0.1
  const moved = isLow ? outwards(observed - margin, -1) : outwards(observed + margin, 1)
  const value = isCount ? Math.max(0, isLow ? Math.floor(moved) : Math.ceil(moved)) : moved
  return {
    edits: [set(request, [check.kind, isLow ? lowKey : highKey], value)],
    expected: result.expected,
    evidence: `found ${observed}`,
    advice: 'moves the limit to a tenth beyond what arrived',
  }
}

/** Any check that counts rows can let a share of them be. */
function forgiven(request: CorrectionRequest): Correction | undefined {
  const { unexpected, considered, expected, mostly = 1 } = request.result
  if (unexpected === undefined || considered === undefined || unexpected === 0) return undefined
  if (unexpected > maximumForgiven * considered) return undefined
  const digits = Math.max(2, Math.ceil(Math.log10(considered / unexpected)) + 1)
  const step = 10 ** digits
  const share = Math.floor((1 - unexpected / considered) * step) / step
  if (share >= mostly) return undefined
  return {
    edits: [set(request, ['mostly'], share)],
    expected,
    evidence: `${formatCount(unexpected)} of ${formatCount(considered)} rows do not meet it`,
    advice: `lets so many rows be; devmlops data check tells the first`,
  }
}
