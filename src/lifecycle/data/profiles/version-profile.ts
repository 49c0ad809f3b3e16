import { z } from 'zod'
import { columnProfileSchema, levelCountSchema } from './column-profile.ts'
import { maskActionSchema } from '../personal/column-class.ts'
import { columnTypeSchema } from '../rows/column-type.ts'
import { textLengthsSchema } from './text-lengths.ts'

/** Shares of the values at or below a quantile. */
export const quantileShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const

/** Something about a column that a person would want to know before using it. */
export const surpriseSchema = z.object({
  kind: z.enum([
    'constant',
    'near_constant',
    'number_as_text',
    'date_as_text',
    'boolean_as_text',
    'mixed_formats',
    'leading_zeros',
    'placeholder',
    'numeric_code',
    'spelling_variants',
  ]),
  message: z.string(),
  rows: z.int().min(0).describe('rows that it is about'),
})
export type Surprise = Readonly<z.infer<typeof surpriseSchema>>

export const profiledColumnSchema = z.object({
  name: z.string(),
  type: columnTypeSchema,
  distinct: z
    .int()
    .min(0)
    .describe(
      'distinct values; exact up to 100,000 texts or 10,000 numbers, estimated beyond (standard error 3 %)',
    ),
  notANumber: z.int().min(0).describe('of the missing values, those that are NaN'),
  quantiles: z
    .array(z.number())
    .nullable()
    .describe(
      'at 1, 5, 25, 50, 75, 95 and 99 %; dates and times in epoch milliseconds; null where there is none',
    ),
  quantileError: z
    .number()
    .optional()
    .describe(
      'how far a quantile may be off: a share of it, milliseconds for dates and times; absent: exact',
    ),
  frequent: z.array(levelCountSchema).describe('most frequent values first'),
  lengths: textLengthsSchema.optional().describe('of texts, in characters'),
  surprises: z.array(surpriseSchema).optional(),
  values: columnProfileSchema,
  masked: maskActionSchema.optional().describe('the values were masked before they were counted'),
})
export type ProfiledColumn = Readonly<z.infer<typeof profiledColumnSchema>>

/** How two columns go together. Beyond 10,000 rows it is measured on a sample of so many. */
export const correlationSchema = z.object({
  columns: z.array(z.string()).length(2),
  measure: z
    .enum(['pearson', 'cramers_v', 'correlation_ratio'])
    .describe('of two numbers; of two categories (bias-corrected); of a category and a number'),
  value: z.number(),
  spearman: z.number().optional().describe('correlation of the ranks of two numbers'),
})
export type Correlation = Readonly<z.infer<typeof correlationSchema>>

export const likelyKeySchema = z.object({
  columns: z.array(z.string()).min(1),
  exact: z.boolean().describe('every row was looked at'),
})
export type LikelyKey = Readonly<z.infer<typeof likelyKeySchema>>

/** All rows of a version, in a size that does not grow with them. Dates and times are numbers: epoch milliseconds. */
export const versionProfileSchema = z.object({
  rows: z.int().min(0),
  columns: z.array(profiledColumnSchema),
  correlations: z.array(correlationSchema).optional().describe('strongest first'),
  keys: z.array(likelyKeySchema).optional().describe('columns, alone or in pairs, that name a row once'),
})
export type VersionProfile = Readonly<z.infer<typeof versionProfileSchema>>
