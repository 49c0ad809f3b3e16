import { createHash } from 'node:crypto'
import { z } from 'zod'
import { durationMs, formatDuration } from '#contract/units'

export const partNames = ['train', 'validation', 'test'] as const
export type PartName = (typeof partNames)[number]

const columns = z
  .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
  .transform((value) => (typeof value === 'string' ? [value] : value))

const share = z.number().gt(0).lt(1)
const moment = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?Z?)?$/)
  .meta({
    description: 'A date or time in UTC such as 2001-06-01',
  })

/** Shares of the rows; `train` is what the others leave. */
const shares = { validation: share.optional(), test: share.optional() } as const

/** How a table is cut into parts. The same rule on the same rows gives the same parts, for ever. */
const rules = [
  z.strictObject({
    by: z.literal('time'),
    column: z.string().min(1),
    validation: z.union([share, durationMs, moment]).optional(),
    test: z
      .union([share, durationMs, moment])
      .optional()
      .meta({ description: 'The last share of the rows, the last 31d, or everything from a date on' }),
    gap: durationMs.optional().meta({
      description:
        'Rows this close before a boundary are left out, so that what they look ahead to is not shared',
    }),
  }),
  z.strictObject({ by: z.literal('group'), column: columns, ...shares, seed: z.int().min(0).default(0) }),
  z.strictObject({ by: z.literal('hash'), column: columns, ...shares, seed: z.int().min(0).default(0) }),
  z.strictObject({
    by: z.literal('stratum'),
    column: columns,
    key: columns.optional().meta({ description: 'What names a row; the whole row where it is left out' }),
    ...shares,
    seed: z.int().min(0).default(0),
  }),
] as const

export const splitRuleSchema = z.discriminatedUnion('by', [...rules]).superRefine((rule, context) => {
  const issue = (message: string): void => context.addIssue({ code: 'custom', message })
  if (rule.validation === undefined && rule.test === undefined)
    issue('neither a validation nor a test part is given')
  const taken = [rule.validation, rule.test].reduce<number>(
    (sum, part) => sum + (typeof part === 'number' && part < 1 ? part : 0),
    0,
  )
  if (taken >= 1) issue(`validation and test take ${taken} of the rows and leave none to train on`)
  if (rule.by !== 'time' || rule.validation === undefined || rule.test === undefined) return
  const kinds = [rule.validation, rule.test].map(kindOfExtent)
  if (kinds[0] !== kinds[1]) issue('validation and test are both shares, both durations or both dates')
  else if (kinds[0] === 'from' && String(rule.validation) >= String(rule.test)) {
    issue('the validation part begins before the test part')
  }
})
export type SplitRule = z.output<typeof splitRuleSchema>
export type SplitsConfig = Readonly<Record<string, SplitRule>>

/** A share is below 1 and a duration is a number of milliseconds, so the two cannot be confused. */
export function kindOfExtent(extent: number | string): 'share' | 'last' | 'from' {
  if (typeof extent === 'string') return 'from'
  return extent < 1 ? 'share' : 'last'
}

export function partsOf(rule: SplitRule): PartName[] {
  return partNames.filter((name) => name === 'train' || rule[name] !== undefined)
}

export function ruleDigest(rule: SplitRule): string {
  const entries = Object.entries(rule)
    .filter(([, value]) => value !== undefined)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
  return `sha256:${createHash('sha256').update(JSON.stringify(entries)).digest('hex')}`
}

/** As in "by time (date): validation 15 %, test 15 %". */
export function describeRule(rule: SplitRule): string {
  const extent = (value: number | string): string =>
    kindOfExtent(value) === 'from'
      ? `from ${value}`
      : kindOfExtent(value) === 'last'
        ? `the last ${formatDuration(value as number)}`
        : `${Math.round((value as number) * 1000) / 10} %`
  const parts = (['validation', 'test'] as const).flatMap((name) =>
    rule[name] === undefined ? [] : [`${name} ${extent(rule[name])}`],
  )
  return `by ${rule.by} (${[rule.column].flat().join(', ')}): ${parts.join(', ')}`
}
