import { expectationSchema } from '../checks/expectation.ts'
import { conditionOf } from './gx-condition.ts'
import type { Arguments } from './gx-arguments.ts'
import { gxChecks } from './gx-checks.ts'
import {
  NoCounterpart,
  noCounterpart,
  type Expectation,
  type ImportedSuite,
  type Unmapped,
} from './imported-suite.ts'

interface WrittenExpectation {
  readonly type?: string
  /** As 0.18 and before call it. */
  readonly expectation_type?: string
  readonly kwargs?: Readonly<Record<string, unknown>>
  readonly severity?: string
  readonly description?: string | null
  readonly notes?: unknown
  readonly meta?: Readonly<Record<string, unknown>> | null
}

const severities: Readonly<Record<string, string>> = { critical: 'fail', warning: 'warn', info: 'info' }

export function isGreatExpectations(document: unknown): boolean {
  const { expectations } = (document ?? {}) as { expectations?: unknown }
  return Array.isArray(expectations)
}

/** A suite as Great Expectations keeps it in JSON: of 1.x (`type`) or of 0.18 and before (`expectation_type`). */
export function importGreatExpectations(document: unknown): ImportedSuite {
  const expectations: Expectation[] = []
  const unmapped: Unmapped[] = []
  const notes = new Set<string>()
  for (const written of (document as { expectations: readonly WrittenExpectation[] }).expectations) {
    const name = written.type ?? written.expectation_type ?? 'an expectation without a type'
    const column = written.kwargs?.['column']
    try {
      expectations.push(importOne(name, written))
      if (name === 'expect_column_values_to_be_dateutil_parseable') {
        notes.add('date_parseable reads ISO 8601 and the usual forms; dateutil guesses at more')
      }
      if (name === 'unexpected_rows_expectation')
        notes.add('SQL is written for DuckDB here, and reads `arrival`')
    } catch (error) {
      if (!(error instanceof NoCounterpart)) throw error
      const of = typeof column === 'string' ? ` (${column})` : ''
      unmapped.push({ name: `${name}${of}`, reason: error.message })
    }
  }
  return { format: 'great-expectations', expectations, unmapped, notes: [...notes] }
}

/** What is about rows and can let a share of them be. */
const takesMostly = /^expect_(?:column_values?|column_pair_values|compound|multicolumn|select)/

function importOne(name: string, written: WrittenExpectation): Expectation {
  const check = gxChecks[name]
  if (check === undefined) return noCounterpart('it is not one of the core expectations')
  const args: Arguments = written.kwargs ?? {}
  const parameter = Object.values(args).find(
    (value) => typeof value === 'object' && value !== null && '$PARAMETER' in value,
  )
  if (parameter !== undefined) noCounterpart('a value of it is a parameter that is only known when it runs')
  const { mostly } = args
  const where = conditionOf(args['row_condition'])
  const severity = severities[written.severity ?? 'critical']
  const description = written.description ?? noteOf(written.notes ?? written.meta?.['notes'])
  const expectation: Expectation = {
    ...check(args),
    ...(typeof mostly === 'number' && mostly < 1 && takesMostly.test(name) ? { mostly } : {}),
    ...(where === undefined ? {} : { where }),
    ...(severity === undefined || severity === 'fail' ? {} : { severity }),
    ...(description === undefined ? {} : { description }),
  }
  return accepted(expectation)
}

/** What the project file would refuse is told now, not when it is read. */
export function accepted(expectation: Expectation): Expectation {
  const parsed = expectationSchema.safeParse(expectation)
  if (parsed.success) return expectation
  const kind = Object.keys(expectation)[0]
  const extra = ['where', 'mostly'].find((field) => field in expectation)
  const { [extra ?? '']: _left, ...rest } = expectation
  if (extra !== undefined && expectationSchema.safeParse(rest).success) {
    return noCounterpart(`${kind} takes no \`${extra}\` here`)
  }
  return noCounterpart(`its arguments do not fit ${kind}: ${JSON.stringify(expectation[kind ?? ''])}`)
}

function noteOf(notes: unknown): string | undefined {
  if (typeof notes === 'string' && notes !== '') return notes
  if (Array.isArray(notes)) return notes.join(' ')
  const { content } = (notes ?? {}) as { content?: unknown }
  return content === undefined ? undefined : noteOf(content)
}
