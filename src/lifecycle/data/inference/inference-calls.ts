import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { correctionsSchema, suiteProposalSchema } from './suite-proposal.ts'

const name = z.string().min(1).describe('The dataset, as in devmlops.yaml')
const version = z
  .union([z.literal('latest'), z.coerce.number<number | string>().int().min(1)])
  .describe('A version, or "latest"')

export const inferenceCalls = {
  inferSuite: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version/suite',
    summary: 'Propose expectations that rows like those of a version meet',
    permission: 'read',
    input: z.object({ name, version }),
    output: suiteProposalSchema,
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
  correctSuite: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/suite/corrections',
    summary: 'Propose how expectations would have to change for what would be taken in; nothing is stored',
    permission: 'write',
    input: z.object({
      name,
      paths: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('Files to look at instead of the source, or of the newest version when nothing is new'),
    }),
    output: correctionsSchema,
    errors: ['not_found', 'invalid_input', 'unreadable_data'],
  }),
} satisfies Contract
