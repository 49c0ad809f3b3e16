import { z } from 'zod'
import { columnProfileSchema, levelCountSchema } from './column-profile.ts'
import { maskActionSchema } from '../personal/column-class.ts'
import { columnTypeSchema } from '../rows/column-type.ts'

/** Shares of the values at or below a quantile. */
export const quantileShares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99] as const

export const profiledColumnSchema = z.object({
  name: z.string(),
  type: columnTypeSchema,
  distinct: z.int().min(0).describe('distinct values; estimated (about 3 %) beyond some hundreds'),
  notANumber: z.int().min(0).describe('of the missing values, those that are NaN'),
  quantiles: z
    .array(z.number())
    .nullable()
    .describe(
      'at 1, 5, 25, 50, 75, 95 and 99 %; dates and times in epoch milliseconds; null where there is none',
    ),
  frequent: z.array(levelCountSchema).describe('most frequent values first'),
  values: columnProfileSchema,
  masked: maskActionSchema.optional().describe('the values were masked before they were counted'),
})
export type ProfiledColumn = Readonly<z.infer<typeof profiledColumnSchema>>

/** All rows of a version, in a size that does not grow with them. Dates and times are numbers: epoch milliseconds. */
export const versionProfileSchema = z.object({ rows: z.int().min(0), columns: z.array(profiledColumnSchema) })
export type VersionProfile = Readonly<z.infer<typeof versionProfileSchema>>
