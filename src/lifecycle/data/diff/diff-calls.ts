import { z } from 'zod'
import { endpoint } from '#contract/endpoint'
import { versionNameSchema } from '../reference.ts'
import { diffSchema, layerSchema } from './diff.ts'
import { rowChangeKindSchema, rowChangeSchema, rowDiffSchema } from './row-changes.ts'

const name = z.string().min(1).describe('The dataset, as in devmlops.yaml')

const versions = {
  name,
  from: versionNameSchema,
  to: versionNameSchema,
  with: z.string().min(1).optional().describe('Another dataset, whose version `to` is'),
  key: z
    .string()
    .min(1)
    .optional()
    .describe('Columns that rows are matched by, with commas between; the key of the dataset without it'),
}

export const diffCalls = {
  diff: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/diff',
    summary: 'What changed between two versions: columns, rows, distributions; the files of a folder',
    permission: 'read',
    input: z.object({
      ...versions,
      layer: layerSchema.optional().describe('Only this one; all of them without it'),
    }),
    output: diffSchema,
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
  diffRows: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/diff/rows',
    summary: 'The rows that were changed, removed and added between two versions, with both their cells',
    permission: 'read',
    input: z.object({
      ...versions,
      kind: rowChangeKindSchema.optional(),
      limit: z.coerce.number<number | string>().int().min(1).max(1000).default(50),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/)
        .optional()
        .describe('The `next` of the page before'),
    }),
    output: z.object({
      rows: rowDiffSchema,
      items: z.array(rowChangeSchema),
      next: z.string().optional(),
    }),
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
}
