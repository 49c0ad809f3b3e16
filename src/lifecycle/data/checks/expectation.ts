import { z } from 'zod'
import { durationMs } from '#contract/units'
import { declaredTypeSchema, type DeclaredType } from '../rows/column-type.ts'

const column = z.string().min(1).meta({ description: 'A column' })
const columns = z.union([column, z.array(column).min(1)])
const bound = z
  .union([z.number(), z.string().min(1)])
  .meta({ description: 'A number, or an ISO date or time' })
const count = z.number().int().min(0)

export const severitySchema = z.enum(['fail', 'warn'])
type Severity = z.infer<typeof severitySchema>

const forEvery = {
  severity: severitySchema
    .default('fail')
    .meta({ description: 'fail: what does not meet it is not taken in; warn: it is, and told' }),
  description: z
    .string()
    .optional()
    .meta({ description: 'Why this must hold, for whoever reads the failure' }),
}

const forRows = {
  mostly: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .meta({ description: 'The share of the considered rows that must meet it' }),
  ...forEvery,
}

/** The checks as they are written in the project file: one key names the check. */
export const expectationSchema = z.union([
  z.strictObject({
    schema: z.record(column, declaredTypeSchema).meta({ description: 'Columns and what they hold' }),
    extra_columns: z
      .enum(['refuse', 'allow'])
      .default('refuse')
      .meta({ description: 'What to do with columns that are not in the list' }),
    ...forEvery,
  }),
  z.strictObject({
    not_null: columns.meta({ description: 'Columns, each without missing values' }),
    ...forRows,
  }),
  z.strictObject({
    unique: columns.meta({ description: 'A column, or several that together name a row once' }),
    ...forRows,
  }),
  z.strictObject({
    between: z.strictObject({
      column,
      minimum: bound.optional(),
      maximum: bound.optional(),
      strict_minimum: z.boolean().default(false).meta({ description: 'The minimum itself is refused' }),
      strict_maximum: z.boolean().default(false).meta({ description: 'The maximum itself is refused' }),
    }),
    ...forRows,
  }),
  z.strictObject({
    in_set: z.strictObject({
      column,
      values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
    }),
    ...forRows,
  }),
  z.strictObject({
    matches: z.strictObject({
      column,
      pattern: z.string().min(1).meta({ description: 'A regular expression in RE2 syntax' }),
      match: z
        .enum(['search', 'full'])
        .default('search')
        .meta({ description: 'search: anywhere in the text; full: all of it' }),
    }),
    ...forRows,
  }),
  z.strictObject({
    row_count: z.strictObject({ at_least: count.optional(), at_most: count.optional() }),
    ...forEvery,
  }),
  z.strictObject({
    mean: z.strictObject({ column, minimum: z.number().optional(), maximum: z.number().optional() }),
    ...forEvery,
  }),
  z.strictObject({
    distinct_count: z.strictObject({ column, at_least: count.optional(), at_most: count.optional() }),
    ...forEvery,
  }),
  z.strictObject({
    fresh: z.strictObject({
      within: durationMs.meta({ description: 'How old the newest row may be' }),
      column: column.optional().meta({ description: "The dataset's `time` when it is left out" }),
    }),
    ...forEvery,
  }),
  z.strictObject({
    sql: z.string().min(1).meta({
      description:
        'A SELECT of the rows that must not be: from `arrival` (new rows) or the dataset (all rows)',
    }),
    ...forRows,
  }),
])
export type ExpectationConfig = z.output<typeof expectationSchema>

interface CheckBase {
  readonly severity: Severity
  readonly why?: string
}
interface RowCheckBase extends CheckBase {
  readonly mostly: number
}

/** One check of one table, ready to be compiled. */
export type Check =
  | (CheckBase & {
      readonly kind: 'schema'
      readonly columns: Readonly<Record<string, DeclaredType>>
      readonly extraColumns: 'refuse' | 'allow'
    })
  | (RowCheckBase & { readonly kind: 'not_null'; readonly column: string })
  | (RowCheckBase & { readonly kind: 'unique'; readonly columns: readonly string[] })
  | (RowCheckBase & {
      readonly kind: 'between'
      readonly column: string
      readonly minimum: number | string | undefined
      readonly maximum: number | string | undefined
      readonly strictMinimum: boolean
      readonly strictMaximum: boolean
    })
  | (RowCheckBase & {
      readonly kind: 'in_set'
      readonly column: string
      readonly values: readonly (string | number | boolean)[]
    })
  | (RowCheckBase & {
      readonly kind: 'matches'
      readonly column: string
      readonly pattern: string
      readonly match: 'search' | 'full'
    })
  | (CheckBase & Limits & { readonly kind: 'row_count' })
  | (CheckBase & Limits & { readonly kind: 'mean'; readonly column: string })
  | (CheckBase & Limits & { readonly kind: 'distinct_count'; readonly column: string })
  | (CheckBase & { readonly kind: 'fresh'; readonly column: string; readonly withinMs: number })
  | (RowCheckBase & { readonly kind: 'sql'; readonly query: string })

interface Limits {
  readonly minimum: number | undefined
  readonly maximum: number | undefined
}

export type CheckKind = Check['kind']
export type CheckOf<Kind extends CheckKind> = Extract<Check, { kind: Kind }>

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
    { kind: 'unique', columns: dataset.key, ...implied },
  ]
}

function checksOfOne(expectation: ExpectationConfig, time: string | undefined): Check[] {
  const { severity, description } = expectation
  const base = { severity, ...(description === undefined ? {} : { why: description }) }
  if ('schema' in expectation) {
    return [{ ...base, kind: 'schema', columns: expectation.schema, extraColumns: expectation.extra_columns }]
  }
  if ('row_count' in expectation) return [{ ...base, kind: 'row_count', ...limitsOf(expectation.row_count) }]
  if ('distinct_count' in expectation) {
    const { distinct_count: distinct } = expectation
    return [{ ...base, kind: 'distinct_count', column: distinct.column, ...limitsOf(distinct) }]
  }
  if ('mean' in expectation) {
    const { column, minimum, maximum } = expectation.mean
    return [{ ...base, kind: 'mean', column, minimum, maximum }]
  }
  if ('fresh' in expectation) {
    const { column = time ?? '', within } = expectation.fresh
    return [{ ...base, kind: 'fresh', column, withinMs: within }]
  }
  const row = { ...base, mostly: expectation.mostly }
  if ('not_null' in expectation) {
    return listOf(expectation.not_null).map((column) => ({ ...row, kind: 'not_null', column }))
  }
  if ('unique' in expectation) return [{ ...row, kind: 'unique', columns: listOf(expectation.unique) }]
  if ('in_set' in expectation) return [{ ...row, kind: 'in_set', ...expectation.in_set }]
  if ('matches' in expectation) return [{ ...row, kind: 'matches', ...expectation.matches }]
  if ('sql' in expectation) return [{ ...row, kind: 'sql', query: expectation.sql }]
  const { column, minimum, maximum, strict_minimum, strict_maximum } = expectation.between
  const strictness = { strictMinimum: strict_minimum, strictMaximum: strict_maximum }
  return [{ ...row, kind: 'between', column, minimum, maximum, ...strictness }]
}

function limitsOf(limits: { at_least?: number | undefined; at_most?: number | undefined }): Limits {
  return { minimum: limits.at_least, maximum: limits.at_most }
}

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
