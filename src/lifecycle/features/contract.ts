import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { joinFieldsSchema } from './joins/join-request.ts'
import { nameSchema } from './feature-contract.ts'

const featureFields = z.object({
  name: z.string(),
  description: z.string().optional(),
  summary: z.string().describe('what it is made of, in a line'),
})

const materializationSchema = z.object({
  version: z.int(),
  source: z.object({ label: z.string(), digest: z.string() }),
  keys: z.int(),
  sizeBytes: z.int(),
  watermark: z.int().describe('epoch milliseconds; rows known up to this moment are in it'),
  createdAt: z.int(),
  createdBy: z.string(),
})

export const viewSummarySchema = z.object({
  name: z.string(),
  description: z.string().optional(),
  entity: z.array(z.string()).describe('empty: made of the row itself'),
  source: z.string().optional(),
  time: z.string().optional(),
  ttlMs: z.number().optional(),
  features: z.array(featureFields),
  version: z.int().nullable().describe('of this definition; null until it is used for the first time'),
  digest: z.string(),
})
export type ViewSummary = z.infer<typeof viewSummarySchema>

const useSchema = z.object({
  version: z.int(),
  features: z.array(z.string()),
  user: z.object({ kind: z.enum(['step', 'run']), id: z.string(), name: z.string() }),
  models: z.array(z.string()).describe('versions registered from it, as in returns@3'),
  usedAt: z.int(),
  usedBy: z.string(),
})

export const viewDetailSchema = viewSummarySchema.extend({
  versions: z.array(
    z.object({ version: z.int(), digest: z.string(), createdAt: z.int(), createdBy: z.string() }),
  ),
  uses: z.array(useSchema),
  materialization: materializationSchema.nullable(),
})
export type ViewDetail = z.infer<typeof viewDetailSchema>

export const joinResultSchema = z.object({
  path: z.string(),
  rows: z.int(),
  views: z.array(z.object({ view: z.string(), matched: z.int() })),
  notes: z.array(z.string()),
  durationMs: z.number(),
})

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()])

export const lookupRowSchema = z.object({
  key: z.array(cell),
  found: z.boolean(),
  at: z.int().nullable().describe('epoch milliseconds of the row that the values are of'),
  values: z.record(z.string(), cell).describe('null: missing, or older than the time to live'),
})

export const splitSchema = z.object({
  id: z.string(),
  name: z.string(),
  rule: z.record(z.string(), z.unknown()),
  ruleDigest: z.string(),
  summary: z.string(),
  source: z.object({ label: z.string(), digest: z.string() }),
  rows: z.int(),
  parts: z.array(z.object({ part: z.string(), rows: z.int() })),
  gapRows: z.int(),
  boundaries: z.record(z.string(), z.string()),
  sharedRows: z.int(),
  createdAt: z.int(),
  createdBy: z.string(),
})

export const featuresContract = {
  list: endpoint({
    method: 'GET',
    path: '/api/v1/features',
    summary: 'Feature views of the project, and what they are made of',
    permission: 'read',
    input: z.object({
      search: z.string().optional().describe('a word in names, descriptions, columns or keys'),
    }),
    output: z.object({ items: z.array(viewSummarySchema) }),
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/features/:view',
    summary: 'A feature view with its versions and what uses it',
    permission: 'read',
    input: z.object({ view: nameSchema }),
    output: viewDetailSchema,
    errors: ['not_found'],
  }),
  join: endpoint({
    method: 'POST',
    path: '/api/v1/features/join',
    summary: 'Give each row of a table the features that were known at its moment',
    permission: 'operate',
    input: joinFieldsSchema.extend({
      rows: z
        .string()
        .min(1)
        .describe('data.NAME, data.NAME@VERSION, or a Parquet or CSV file of the project'),
      output: z.string().min(1).describe('the Parquet file to write, in the project'),
    }),
    output: joinResultSchema,
    errors: ['not_found', 'invalid_input'],
  }),
  materialize: endpoint({
    method: 'POST',
    path: '/api/v1/features/:view/materialize',
    summary: 'Work out the newest values of each key, for look-up',
    permission: 'operate',
    input: z.object({
      view: nameSchema,
      full: z.boolean().default(false).describe('also keys without new rows'),
    }),
    output: materializationSchema.extend({
      view: z.string(),
      changedKeys: z.int().describe('worked out anew'),
      durationMs: z.number(),
      notes: z.array(z.string()),
    }),
    errors: ['not_found', 'invalid_input'],
  }),
  lookup: endpoint({
    method: 'POST',
    path: '/api/v1/features/:view/lookup',
    summary: 'The materialized values of some keys, as of now',
    permission: 'read',
    input: z.object({
      view: nameSchema,
      keys: z
        .array(z.union([cell, z.array(cell).min(1)]))
        .min(1)
        .max(10_000)
        .describe('a value, or a list where the view has several key columns'),
    }),
    output: z.object({ version: z.int(), watermark: z.int(), rows: z.array(lookupRowSchema) }),
    errors: ['not_found'],
  }),
  splits: endpoint({
    method: 'GET',
    path: '/api/v1/splits',
    summary: 'Splits that were made, newest first',
    permission: 'read',
    input: z.object({
      name: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(100),
    }),
    output: z.object({ items: z.array(splitSchema) }),
  }),
} satisfies Contract
