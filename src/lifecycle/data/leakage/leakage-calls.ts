import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { leakageReportSchema } from './leakage-report.ts'

const table = z
  .string()
  .min(1)
  .describe('A dataset (flights, flights@3), or a file: inside of the project, or absolute')
const column = z.string().min(1)

export const leakageCalls = {
  leakage: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/leakage',
    summary: 'Look for what a model would know of the label, or of its test, that it must not',
    permission: 'write',
    input: z.object({
      train: table,
      test: table.optional(),
      label: column.describe('The column that a model shall predict'),
      time: column.optional().describe('The column that says when a row happened'),
      key: z.array(column).optional().describe('The columns that name a thing whose rows belong together'),
      ignore: z.array(column).optional().describe('Columns that no model will be given'),
    }),
    output: leakageReportSchema,
    errors: ['not_found', 'invalid_input', 'unreadable_data'],
  }),
} satisfies Contract
