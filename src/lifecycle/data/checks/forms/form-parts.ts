import { z } from 'zod'

/** The parts that forms of checks are made of. */

export const column = z.string().min(1).meta({ description: 'A column' })
export const columnList = z.array(column).min(1)
export const severalColumns = z.array(column).min(2).meta({ description: 'Two columns or more' })
export const twoColumns = z.tuple([column, column]).meta({ description: 'Two columns' })

/** One column or several; each is a check of its own. */
export const eachColumn = z.union([column, columnList]).transform((columns) => ({ each: listOf(columns) }))

export const bound = z
  .union([z.number(), z.string().min(1)])
  .meta({ description: 'A number, or an ISO date or time' })
const count = z.number().int().min(0)
export const share = z.number().min(0).max(1)

export const setValue = z.union([z.string(), z.number(), z.boolean()])
export const valueSet = z.array(setValue).min(1)

export const severitySchema = z.enum(['fail', 'warn', 'info', 'quarantine'])
export type Severity = z.infer<typeof severitySchema>

const rowThreshold = z.union([count, z.string().regex(/^\d+(?:\.\d+)?\s?%$/)])
export type RowThreshold = z.infer<typeof rowThreshold>

const severity = z.enum(['fail', 'warn', 'info']).default('fail').meta({
  description:
    'fail: what does not meet it is not taken in; warn: it is, and told; info: it is, and only listed',
})
const description = z
  .string()
  .optional()
  .meta({ description: 'Why this must hold, for whoever reads the failure' })
const where = z.string().min(1).optional().meta({
  description: "Rows that it is about, as a condition in SQL: country = 'DE' AND amount > 0",
})

/** What every check has. */
export const forEvery = { severity, description }

/** What a check of a table has that can be about a part of its rows. */
export const forValues = { where, ...forEvery }

/** What a check has that counts unexpected rows. */
export const forRows = {
  mostly: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .meta({ description: 'The share of the considered rows that must meet it' }),
  warn_above: rowThreshold.optional().meta({
    description: 'Warns when more rows do not meet it: a count, or a share of the considered rows as 0.5%',
  }),
  fail_above: rowThreshold.optional().meta({ description: 'Fails when more rows do not meet it' }),
  ...forValues,
}

/** A check that can tell of a single row whether it is good may also put the bad ones aside. */
export const forSingleRows = {
  ...forRows,
  severity: severitySchema.default('fail').meta({
    description:
      'fail: what does not meet it is not taken in; warn: it is, and told; info: it is, and only listed; quarantine: the other rows are taken in, and these are put aside with the reason',
  }),
}

const warnOutside = z
  .strictObject({ minimum: bound.optional(), maximum: bound.optional() })
  .optional()
  .meta({ description: 'Narrower limits, outside of which it only warns' })

/** Limits of a value; both ends are inside unless they are strict. */
export const valueLimits = {
  minimum: bound.optional(),
  maximum: bound.optional(),
  strict_minimum: z.boolean().default(false).meta({ description: 'The minimum itself is refused' }),
  strict_maximum: z.boolean().default(false).meta({ description: 'The maximum itself is refused' }),
  warn_outside: warnOutside,
}

export const numberLimits = {
  ...valueLimits,
  minimum: z.number().optional(),
  maximum: z.number().optional(),
}

export const countLimits = {
  at_least: count.optional(),
  at_most: count.optional(),
  equals: count.optional(),
}

interface CountLimits {
  readonly at_least?: number | undefined
  readonly at_most?: number | undefined
  readonly equals?: number | undefined
}

/** Limits of a count, as those of any value. */
export function asLimits<Config extends CountLimits>({ at_least, at_most, equals, ...rest }: Config) {
  return { ...rest, minimum: equals ?? at_least, maximum: equals ?? at_most }
}

export const pairIgnore = z.enum(['both_missing', 'either_missing', 'neither']).default('both_missing').meta({
  description: 'Pairs that are left out: where both are missing, where either is, or none',
})
export const rowIgnore = z.enum(['all_missing', 'any_missing', 'never']).default('all_missing').meta({
  description: 'Rows that are left out: where all of the columns are missing, where any is, or none',
})

/** Rows that a check compares with. */
export const tableReference = z
  .union([
    z.literal('previous'),
    z.number().int().min(1),
    z.string().regex(/^[A-Za-z][A-Za-z0-9_-]*(?:@[A-Za-z0-9._-]+)?$/),
  ])
  .meta({ description: 'previous (version), a version of this dataset, or another dataset: NAME, NAME@3' })
export type TableReference = z.infer<typeof tableReference>

function listOf(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value
}
