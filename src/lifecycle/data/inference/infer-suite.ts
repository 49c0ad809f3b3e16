import { formatCount, formatDuration } from '#contract/units'
import type { ProfiledColumn, VersionProfile } from '../profiles/version-profile.ts'
import { declaredTypeSchema } from '../rows/column-type.ts'
import { numberRange } from './number-range.ts'
import type { Proposal } from './suite-proposal.ts'

export interface InferenceInput {
  readonly profile: VersionProfile
  /** Rows of each arrival so far. */
  readonly arrivalRows: readonly number[]
  readonly key: readonly string[]
  readonly time?: TimeFacts | undefined
  /** Rows outside of a range that would be proposed, by column. */
  readonly outside: ReadonlyMap<string, number>
}

export interface TimeFacts {
  readonly column: string
  readonly newestMs: number
  readonly oldestMs: number
  /** 99 of 100 gaps between successive times are no longer. */
  readonly gapMs: number
  readonly nowMs: number
}

const minimumRows = 20
const maximumDomain = 100

/**
 * A suite that rows like these meet: the rules of TensorFlow Data Validation (types; presence only where nothing is missing;
 * truth values; domains of up to 100 texts; no bounds for numbers that are kept as text), and besides them ranges,
 * uniqueness, freshness and row counts. Conservative: what rests on few rows, or on what may well change, only warns. A person
 * decides.
 */
export function inferSuite(input: InferenceInput): { proposals: Proposal[]; notes: string[] } {
  const { profile } = input
  const notes: string[] = []
  if (profile.rows < minimumRows) {
    return {
      proposals: [schemaProposal(profile, notes)],
      notes: [...notes, `${profile.rows} rows are too few to learn more than types from`],
    }
  }
  return {
    proposals: [
      schemaProposal(profile, notes),
      ...presence(profile),
      ...profile.columns.flatMap((column) => domain(column, notes) ?? range(column, input, notes)),
      ...uniqueness(input, notes),
      ...rowCount(input),
      ...freshness(input, notes),
    ],
    notes,
  }
}

function schemaProposal({ columns }: VersionProfile, notes: string[]): Proposal {
  const known = columns.filter(({ type }) => declaredTypeSchema.safeParse(type).success)
  for (const { name, type } of columns) {
    if (type === 'unknown') notes.push(`${name}: empty in every row, so nothing is known of it`)
    if (type === 'other') notes.push(`${name}: lists and structs are kept, not checked`)
  }
  const isWhole = known.length === columns.length
  return {
    expectation: {
      schema: Object.fromEntries(known.map(({ name, type }) => [name, type])),
      ...(isWhole ? {} : { extra_columns: 'allow' }),
    },
    reason: isWhole
      ? `the ${columns.length} columns of these rows, and no others`
      : `${known.length} of ${columns.length} columns have a known type`,
  }
}

function presence({ rows, columns }: VersionProfile): Proposal[] {
  const full = columns.filter(({ values, type }) => values.missing === 0 && type !== 'unknown')
  if (full.length === 0) return []
  const names = full.map(({ name }) => name)
  const which = full.length === columns.length ? 'all columns' : `${full.length} of ${columns.length} columns`
  return [
    {
      expectation: { not_null: names },
      reason: `${which} have a value in each of ${formatCount(rows)} rows`,
    },
  ]
}

const truths = new Set(['true', 'false', 't', 'f', 'yes', 'no', 'y', 'n', '0', '1'])

/** Undefined: it has no domain. */
function domain(column: ProfiledColumn, notes: string[]): Proposal[] | undefined {
  const { name, type, values, distinct, masked } = column
  if (masked !== undefined) {
    notes.push(`${name}: masked, so its values are not written down`)
    return []
  }
  if (type === 'integer') return integerDomain(column)
  if (type !== 'text' || values.kind !== 'category' || values.count === 0) return undefined
  if (column.surprises?.some(({ kind }) => kind === 'number_as_text') === true) {
    notes.push(`${name}: numbers kept as text get no bounds`)
    return []
  }
  const levels = values.levels
  if (distinct <= 2 && levels.every((level) => truths.has(level.toLowerCase()))) {
    return [{ expectation: inSet(name, [...levels].sort()), reason: `${name} says yes or no` }]
  }
  if (distinct > maximumDomain) return []
  if (distinct * 10 > values.count) {
    notes.push(`${name}: ${distinct} different texts in ${formatCount(values.count)} values are no list`)
    return []
  }
  // Good (1953): the chance that the next value is a new one is about the share of values seen once.
  const once = values.counts.filter((count) => count === 1).length
  const seen = `${distinct} different texts in ${formatCount(values.count)} values`
  return [
    {
      expectation: { ...inSet(name, [...levels].sort()), ...(once > 0 ? { severity: 'warn' } : {}) },
      reason:
        once === 0
          ? `${seen}, each more than once`
          : `${seen}; ${once} of them once, so others may follow: warns`,
    },
  ]
}

function inSet(column: string, values: readonly (string | number)[]): Record<string, unknown> {
  return { in_set: { column, values } }
}

/** Truth values as 0 and 1, and codes. */
function integerDomain({
  name,
  values,
  distinct,
  frequent,
  surprises,
}: ProfiledColumn): Proposal[] | undefined {
  if (values.kind !== 'number' || values.min === null) return undefined
  if (values.min >= 0 && values.max === 1) {
    return [{ expectation: inSet(name, values.min === 1 ? [1] : [0, 1]), reason: `${name} is 0 or 1` }]
  }
  const isCode = surprises?.some(({ kind }) => kind === 'numeric_code') === true
  if (!isCode || distinct > frequent.length) return undefined
  const codes = frequent.map(({ level }) => Number(level)).sort((a, b) => a - b)
  const reason = `${distinct} codes in ${formatCount(values.count)} values; a new one may be right, so it warns`
  return [{ expectation: { ...inSet(name, codes), severity: 'warn' }, reason }]
}

function range(column: ProfiledColumn, { outside }: InferenceInput, notes: string[]): Proposal[] {
  if (column.type !== 'integer' && column.type !== 'number') return []
  const bounds = numberRange(column)
  if (bounds === undefined || column.values.kind !== 'number') return []
  const { name, values } = column
  if (column.surprises?.some(({ kind }) => kind === 'numeric_code') === true) {
    notes.push(`${name}: ${formatCount(column.distinct)} codes, which have no range`)
    return []
  }
  const { widths, ...limits } = bounds
  const beyond = outside.get(name) ?? 0
  const rule = `1 % to 99 % of the values, and ${widths} times that distance on both sides${limits.minimum === 0 ? '; none of them is below zero' : ''}`
  // Three times what was seen outside is still like these rows.
  const mostly =
    beyond === 0 ? {} : { mostly: Number((1 - Math.min(0.5, (3 * beyond) / values.count)).toPrecision(4)) }
  return [
    {
      expectation: { between: { column: name, ...limits }, ...mostly, severity: 'warn' },
      reason:
        beyond === 0
          ? rule
          : `${rule}; ${formatCount(beyond)} of ${formatCount(values.count)} values lie outside`,
    },
  ]
}

function uniqueness({ profile, key }: InferenceInput, notes: string[]): Proposal[] {
  const typeOf = new Map(profile.columns.map(({ name, type }) => [name, type]))
  const exact = (profile.keys ?? []).filter((one) => one.exact && one.columns.join() !== key.join())
  const singles = exact.filter(({ columns }) => columns.length === 1)
  const named = singles.filter(({ columns: [name = ''] }) => {
    const isTime = ['date', 'timestamp'].includes(typeOf.get(name) ?? '')
    if (isTime) notes.push(`${name}: different in each row, as times are by chance; not proposed as unique`)
    return !isTime
  })
  const rows = formatCount(profile.rows)
  if (named.length > 0 || key.length > 0) {
    return named.map(({ columns }) => ({
      expectation: { unique: columns[0] },
      reason: `${columns[0]} is different in each of ${rows} rows`,
    }))
  }
  const [pair] = exact.filter(({ columns }) => columns.length === 2)
  if (pair === undefined) return []
  const reason = `${pair.columns.join(' and ')} together are different in each of ${rows} rows, which may be chance: warns`
  return [{ expectation: { unique: pair.columns, severity: 'warn' }, reason }]
}

function rowCount({ arrivalRows }: InferenceInput): Proposal[] {
  if (arrivalRows.length === 0) return []
  const [fewest, most] = [Math.min(...arrivalRows), Math.max(...arrivalRows)]
  const seen = fewest === most ? formatCount(fewest) : `${formatCount(fewest)} to ${formatCount(most)}`
  return [
    {
      expectation: {
        row_count: { at_least: Math.floor(fewest / 2), at_most: Math.ceil(most * 2) },
        severity: 'warn',
      },
      reason: `half the fewest to twice the most of ${arrivalRows.length} arrival${arrivalRows.length === 1 ? '' : 's'} (${seen} rows)`,
    },
  ]
}

function freshness({ time, arrivalRows }: InferenceInput, notes: string[]): Proposal[] {
  if (time === undefined) return []
  const { column, newestMs, oldestMs, gapMs, nowMs } = time
  const arrivalMs = (newestMs - oldestMs) / Math.max(1, arrivalRows.length)
  const withinMs = 2 * Math.max(arrivalMs, 2 * gapMs)
  const ageMs = nowMs - newestMs
  if (withinMs <= 0 || ageMs > withinMs) {
    notes.push(
      `${column}: the newest row is ${formatDuration(Math.max(0, ageMs))} old, so no age is proposed`,
    )
    return []
  }
  const within = wholeUnit(withinMs)
  return [
    {
      expectation: { fresh: { column, within }, severity: 'warn' },
      reason: `twice what an arrival spans (${formatDuration(arrivalMs)})`,
    },
  ]
}

function wholeUnit(durationMs: number): string {
  const days = Math.ceil(durationMs / 86_400_000)
  if (days > 2) return `${days}d`
  const hours = Math.ceil(durationMs / 3_600_000)
  return hours > 2 ? `${hours}h` : `${Math.max(1, Math.ceil(durationMs / 60_000))}m`
}
