import { z } from 'zod'
import { endpoint } from '#contract/endpoint'
import { versionNameSchema } from '../reference.ts'
import { columnSchema } from '../rows/column-type.ts'
import { proposalSchema } from './class-proposal.ts'
import { columnClassSchema, maskActionSchema } from './column-class.ts'

const place = {
  name: z.string().min(1).describe('The dataset, as in devmlops.yaml'),
  version: versionNameSchema,
}

export const personalCalls = {
  classify: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version/classes',
    summary: 'The classes of the columns, and which columns without one look personal',
    permission: 'read',
    input: z.object(place),
    output: z.object({
      declared: z.array(
        z.object({
          column: z.string(),
          class: columnClassSchema,
          mask: maskActionSchema,
          present: z.boolean(),
        }),
      ),
      proposed: z.array(proposalSchema),
    }),
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
  // Not a read: it is written down who saw the values.
  unmaskedRows: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/versions/:version/unmasked-rows',
    summary: 'The first rows of a version with the values of every column as they are; audited',
    permission: 'admin',
    input: z.object({
      ...place,
      limit: z.coerce.number<number | string>().int().min(1).max(1000).default(10),
    }),
    output: z.object({
      columns: z.array(columnSchema),
      rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
    }),
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
}
