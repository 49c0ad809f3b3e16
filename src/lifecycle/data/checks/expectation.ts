import { z } from 'zod'
import type { RowThreshold, Severity } from './forms/form-parts.ts'
import { distributionForms } from './forms/distribution-forms.ts'
import { integrityForms } from './forms/integrity-forms.ts'
import { keyForms } from './forms/key-forms.ts'
import { pairForms } from './forms/pair-forms.ts'
import { rowForms } from './forms/row-forms.ts'
import { tableForms } from './forms/table-forms.ts'
import { textForms } from './forms/text-forms.ts'
import { valueForms } from './forms/value-forms.ts'

/** Every check by the key that names it in the project file. */
export const checkForms = {
  ...tableForms,
  ...rowForms,
  ...textForms,
  ...keyForms,
  ...pairForms,
  ...valueForms,
  ...distributionForms,
  ...integrityForms,
} as const
type CheckForms = typeof checkForms

export type CheckKind = keyof CheckForms
export const checkKinds = Object.keys(checkForms) as readonly CheckKind[]

/** The checks as they are written in the project file: one key names the check. */
export const expectationSchema = z.union(Object.values(checkForms))
export type ExpectationConfig = z.output<CheckForms[CheckKind]>
/** An expectation as a person or a program writes it, before defaults are filled in. */
export type WrittenExpectation = z.input<CheckForms[CheckKind]>

interface CheckBase {
  readonly severity: Severity
  readonly why?: string
  /** A condition in SQL on the rows that it is about. */
  readonly where?: string
  /** The share of the considered rows that must meet it; 1 unless it is written. */
  readonly mostly?: number
  readonly warnAbove?: RowThreshold
  readonly failAbove?: RowThreshold
}

/** What a check is about: for a list of columns that are a check each, one of them. */
type Parameters<Kind extends CheckKind> =
  z.output<CheckForms[Kind]> extends Record<Kind, infer Value> ? Spelled<Kind, Value> : never
type Spelled<Kind, Value> = Kind extends 'schema'
  ? { columns: z.output<CheckForms['schema']>['schema']; extraColumns: 'refuse' | 'allow' }
  : Value extends { each: readonly string[] }
    ? Omit<Value, 'each'> & { column: string }
    : Kind extends 'fresh'
      ? Omit<Value, 'column'> & { column: string }
      : Value

export type CheckOf<Kind extends CheckKind> = CheckBase & { readonly kind: Kind } & Readonly<Parameters<Kind>>

/** One check of one table, ready to be compiled. */
export type Check = { [Kind in CheckKind]: CheckOf<Kind> }[CheckKind]

/** A sentence for each kind of check. */
export type WordsOf<Kinds extends CheckKind> = {
  readonly [Kind in Kinds]: (check: CheckOf<Kind>) => string
}

/** Spells the expectations of a dataset out, one check per column; its key is unique and has no missing part. */
export function checksOf(dataset: {
  readonly expectations: readonly ExpectationConfig[]
  readonly key: readonly string[]
  readonly time?: string | undefined
}): Check[] {
  const written = dataset.expectations.flatMap((expectation) => checksOfOne(expectation, dataset.time))
  if (dataset.key.length === 0) return written
  const implied = { severity: 'fail', mostly: 1, why: 'the key of the dataset' } as const
  return [
    ...written,
    ...dataset.key.map((column): Check => ({ kind: 'not_null', column, ...implied })),
    { kind: 'unique', columns: [...dataset.key], report: 'all', ignore: 'all_missing', ...implied },
  ]
}

/** The key that names the check. */
export function kindOf(expectation: ExpectationConfig): CheckKind {
  const kind = checkKinds.find((name) => name in expectation)
  if (kind === undefined) throw new TypeError('an expectation without a check')
  return kind
}

function checksOfOne(expectation: ExpectationConfig, time: string | undefined): Check[] {
  const kind = kindOf(expectation)
  const { severity, description, where, mostly, warn_above, fail_above, extra_columns, ...named } =
    expectation as AnyExpectation
  const base: CheckBase = {
    severity,
    ...(description === undefined ? {} : { why: description }),
    ...(where === undefined ? {} : { where }),
    ...(mostly === undefined ? {} : { mostly }),
    ...(warn_above === undefined ? {} : { warnAbove: warn_above }),
    ...(fail_above === undefined ? {} : { failAbove: fail_above }),
  }
  const value = named[kind] as Record<string, unknown>
  return parametersOf(kind, value, { time, extra_columns }).map(
    // Each form's schema has made the parameters of its kind.
    (parameters) => ({ kind, ...base, ...parameters }) as unknown as Check,
  )
}

interface AnyExpectation extends Readonly<Record<string, unknown>> {
  readonly severity: Severity
  readonly description?: string
  readonly where?: string
  readonly mostly?: number
  readonly warn_above?: RowThreshold
  readonly fail_above?: RowThreshold
  readonly extra_columns?: 'refuse' | 'allow'
}

function parametersOf(
  kind: CheckKind,
  value: Readonly<Record<string, unknown>>,
  { time, extra_columns }: { time: string | undefined; extra_columns: 'refuse' | 'allow' | undefined },
): Readonly<Record<string, unknown>>[] {
  if (kind === 'schema') return [{ columns: value, extraColumns: extra_columns }]
  if (kind === 'fresh') return [{ ...value, column: value['column'] ?? time ?? '' }]
  const { each, ...rest } = value
  return Array.isArray(each) ? each.map((column: unknown) => ({ column, ...rest })) : [value]
}

const singleRowKinds = new Set<CheckKind>(
  checkKinds.filter((kind) => {
    const { severity } = (checkForms[kind] as { shape: { severity: z.ZodType } }).shape
    return severity.safeParse('quarantine').success
  }),
)

/** Whether a row alone decides if it meets the check, so that bad rows can be put aside. */
export function isAboutSingleRows(kind: CheckKind): boolean {
  return singleRowKinds.has(kind)
}
