import { z } from 'zod'
import { severitySchema } from './forms/form-parts.ts'

const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** Rows that do not meet a check, the first few of them. */
const sampleSchema = z.object({
  row: z.int().min(1).optional().describe('row of the file, counted from 1 after the header'),
  file: z.string().optional(),
  values: z.record(z.string(), cellSchema),
})
export type Sample = Readonly<z.infer<typeof sampleSchema>>

const checkResultSchema = z.object({
  kind: z.string(),
  columns: z.array(z.string()),
  expected: z.string().describe('what must hold, as a sentence'),
  why: z.string().optional().describe('what the project says about it'),
  severity: severitySchema,
  outcome: z.enum(['pass', 'fail', 'error']).describe('error: it could not be computed'),
  found: z.string().describe('what was found, as a sentence'),
  mostly: z.number().optional(),
  considered: z.int().optional().describe('rows that the check is about'),
  unexpected: z.int().optional().describe('those of them that do not meet it'),
  total: z.int().optional().describe('rows that it looked at, also those left out as missing'),
  percentOfConsidered: z.number().optional().describe('unexpected rows in percent of the considered ones'),
  percentOfTotal: z.number().optional().describe('unexpected rows in percent of all that it looked at'),
  observed: z
    .union([z.number(), z.string()])
    .nullable()
    .optional()
    .describe('the value that the limits are about; null where it is infinite'),
  samples: z.array(sampleSchema),
})
export type CheckResult = Readonly<z.infer<typeof checkResultSchema>>

export const validationSchema = z.object({
  outcome: z.enum(['pass', 'warn', 'fail']),
  rows: z.int(),
  checks: z.array(checkResultSchema),
  warnings: z.array(z.string()).describe('what was noticed while reading'),
  quarantined: z.int().optional().describe('rows that were kept out, each with its reason'),
  masked: z.array(z.string()).optional().describe('columns whose values were masked when this was stored'),
})
export type Validation = Readonly<z.infer<typeof validationSchema>>

/**
 * A check that fails, or cannot be computed, refuses the rows unless it only warns or informs. Rows that a check puts aside
 * are gone before it is judged; where they are still there, nothing put them aside.
 */
export function outcomeOf(
  checks: readonly CheckResult[],
  warnings: readonly string[],
): Validation['outcome'] {
  const missed = checks.filter(({ outcome }) => outcome !== 'pass')
  if (missed.some(({ severity }) => severity === 'fail' || severity === 'quarantine')) return 'fail'
  return missed.some(({ severity }) => severity === 'warn') || warnings.length > 0 ? 'warn' : 'pass'
}
