import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageOf } from '#contract/page'
import { gitCalls } from '../pointers/git-calls.ts'
import { tagSchema, versionNameSchema } from '../reference.ts'
import { datasetTagSchema } from '../tags/dataset-tag.ts'
import { digestSchema } from '../versions/snapshot.ts'
import { checkoutResultSchema } from './checkout-result.ts'
import { datasetStatusSchema } from './dataset-status.ts'
import { exportFormatSchema, exportResultSchema } from './export-format.ts'

const name = z.string().min(1).describe('The dataset, as in devmlops.yaml')
const version = versionNameSchema
const limit = z.coerce
  .number<number | string>()
  .int()
  .min(0)
  .max(10_000_000)
  .default(20)
  .describe('How many paths of each kind are listed')

/** Working files, tags, and files of versions. */
export const workspaceCalls = {
  ...gitCalls,
  status: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/status',
    summary: 'What differs between the working files of a dataset and its version',
    permission: 'read',
    input: z.object({ name, limit }),
    output: datasetStatusSchema,
    errors: ['not_found', 'invalid_input', 'unreadable_data', 'storage_corrupt'],
  }),
  statusAll: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/status',
    summary: 'What differs between the working files of each dataset and its version',
    permission: 'read',
    input: z.object({ limit }),
    output: z.object({ items: z.array(datasetStatusSchema) }),
    errors: ['invalid_input', 'unreadable_data', 'storage_corrupt'],
  }),
  files: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version/files',
    summary: 'The files of a version, in order',
    permission: 'read',
    input: z.object({
      name,
      version,
      prefix: z.string().default('').describe('Only paths that begin so'),
      limit: z.coerce.number<number | string>().int().min(1).max(10_000).default(100),
      after: z.string().optional().describe('`next` of the page before'),
    }),
    output: pageOf(
      z.object({ path: z.string(), digest: digestSchema, sizeBytes: z.int(), executable: z.boolean() }),
    ),
    errors: ['not_found', 'storage_corrupt'],
  }),
  checkout: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/checkout',
    summary: 'Write the files of a version into the folder of the dataset, or to another place',
    permission: 'write',
    input: z.object({
      name,
      version: version.optional().describe('The one that the pointer file names, else the newest'),
      to: z.string().min(1).optional().describe('Another folder; for administrators'),
      only: z.array(z.string().min(1)).default([]).describe('Patterns of the files that are wanted'),
      force: z.boolean().default(false).describe('Files that no version holds may be lost'),
    }),
    output: checkoutResultSchema,
    errors: [
      'not_found',
      'invalid_input',
      'permission_denied',
      'conflict',
      'storage_corrupt',
      'storage_full',
    ],
  }),
  export: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/export',
    summary: 'Write a version as one table, an archive, or files',
    permission: 'write',
    input: z.object({
      name,
      version: version.default('latest'),
      to: z.string().min(1).describe('A file or a folder; for administrators'),
      format: exportFormatSchema.optional().describe('By the ending of the place when left out'),
      force: z.boolean().default(false).describe('Replace what is there'),
    }),
    output: exportResultSchema,
    errors: [
      'not_found',
      'invalid_input',
      'permission_denied',
      'already_exists',
      'conflict',
      'storage_corrupt',
      'storage_full',
    ],
  }),
  progress: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/progress',
    summary: 'How far an add, a checkout or an export is',
    permission: 'read',
    input: z.object({ name }),
    output: z.object({
      current: z
        .object({ work: z.enum(['add', 'checkout', 'export']), files: z.int(), bytes: z.int() })
        .nullable(),
    }),
  }),
  tags: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/tags',
    summary: 'The tags of a dataset',
    permission: 'read',
    input: z.object({ name }),
    output: z.object({ items: z.array(datasetTagSchema) }),
  }),
  setTag: endpoint({
    method: 'PUT',
    path: '/api/v1/datasets/:name/tags/:tag',
    summary: 'Give a version a name',
    permission: 'write',
    input: z.object({
      name,
      tag: tagSchema,
      version: version.default('latest'),
      move: z.boolean().default(false).describe('Take the tag from the version that has it'),
    }),
    output: datasetTagSchema,
    errors: ['not_found', 'already_exists'],
  }),
  removeTag: endpoint({
    method: 'DELETE',
    path: '/api/v1/datasets/:name/tags/:tag',
    summary: 'Take a name from a version',
    permission: 'write',
    input: z.object({ name, tag: tagSchema }),
    output: datasetTagSchema,
    errors: ['not_found'],
  }),
} satisfies Contract
