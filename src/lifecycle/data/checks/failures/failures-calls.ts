import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { versionNameSchema } from '../../reference.ts'
import { failuresPageSchema } from './failing-row.ts'

const name = z.string().min(1).describe('The dataset, as in devmlops.yaml')
const asked = {
  check: z
    .string()
    .min(1)
    .optional()
    .describe('Only checks with these words in their kind, columns or sentence'),
  limit: z.coerce
    .number<number | string>()
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe('How many at the most'),
  after: z.string().optional().describe('The `next` of the page before'),
}

export const failuresCalls = {
  versionFailures: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version/failures',
    summary: 'Every row of a version that does not meet a check of the project as it is now',
    permission: 'read',
    input: z.object({ name, version: versionNameSchema, ...asked }),
    output: failuresPageSchema,
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
  rejectionFailures: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/rejections/:id/failures',
    summary: 'The rows for which files were rejected, as they were kept then',
    permission: 'read',
    input: z.object({ name, id: z.string().describe('Of the rejection, or "latest"'), ...asked }),
    output: failuresPageSchema,
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
} satisfies Contract
