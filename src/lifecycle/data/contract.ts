import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'
import { workspaceCalls } from './folders/workspace-calls.ts'
import { versionNameSchema } from './reference.ts'
import { columnSchema } from './rows/column-type.ts'
import {
  addResultSchema,
  arrivalSchema,
  datasetSummarySchema,
  datasetVersionSchema,
  rejectionSchema,
  versionSummarySchema,
} from './versions/dataset-version.ts'
import { diffCalls } from './diff/diff-calls.ts'
import { personalCalls } from './personal/personal-calls.ts'
import { versionProfileSchema } from './profiles/version-profile.ts'

const name = z.string().min(1).describe('The dataset, as in devmlops.yaml')
const version = versionNameSchema
const paths = z
  .array(z.string().min(1))
  .min(1)
  .optional()
  .describe('Files or patterns to take instead of the source; outside of the project they must be absolute')

export const dataContract = {
  ...workspaceCalls,
  ...diffCalls,
  ...personalCalls,
  list: endpoint({
    method: 'GET',
    path: '/api/v1/datasets',
    summary: 'All datasets with their newest version',
    permission: 'read',
    input: z.object({}),
    output: z.object({ items: z.array(datasetSummarySchema) }),
  }),
  add: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/arrivals',
    summary: 'Take in what is new: read it, check it, and make a version of what passes',
    permission: 'write',
    input: z.object({ name, paths }),
    output: addResultSchema,
    errors: [
      'not_found',
      'invalid_input',
      'unreadable_data',
      'conflict',
      'server_unreachable',
      'storage_full',
    ],
  }),
  addAll: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/arrivals',
    summary: 'Take in what is new in every dataset',
    permission: 'write',
    input: z.object({}),
    output: z.object({ items: z.array(addResultSchema) }),
    errors: ['unreadable_data', 'conflict', 'server_unreachable', 'storage_full'],
  }),
  check: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/check',
    summary: 'Check what would be taken in, or the newest version when nothing is new, and store nothing',
    permission: 'write',
    input: z.object({
      name,
      paths,
      now: z.iso
        .datetime({ offset: true })
        .optional()
        .describe('The time that ages are measured against, instead of the clock'),
    }),
    output: z.object({ dataset: z.string(), arrivals: z.array(arrivalSchema) }),
    errors: ['not_found', 'invalid_input', 'unreadable_data'],
  }),
  versions: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions',
    summary: 'The versions of a dataset, newest first',
    permission: 'read',
    input: z.object({ name, ...pageInput }),
    output: pageOf(versionSummarySchema),
    errors: ['not_found'],
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version',
    summary: 'A version: its columns, parts, validation and origin',
    permission: 'read',
    input: z.object({ name, version }),
    output: datasetVersionSchema,
    errors: ['not_found'],
  }),
  profile: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version/profile',
    summary: 'How the values of each column of a version are spread',
    permission: 'read',
    input: z.object({ name, version }),
    output: versionProfileSchema,
    errors: ['not_found', 'storage_corrupt'],
  }),
  head: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/versions/:version/rows',
    summary: 'The first rows of a version',
    permission: 'read',
    input: z.object({
      name,
      version,
      limit: z.coerce.number<number | string>().int().min(1).max(1000).default(10),
    }),
    output: z.object({
      columns: z.array(columnSchema),
      rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]))),
    }),
    errors: ['not_found', 'storage_corrupt'],
  }),
  rejections: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/rejections',
    summary: 'Files that were refused, and why, newest first',
    permission: 'read',
    input: z.object({ name, limit: pageInput.limit }),
    output: z.object({ items: z.array(rejectionSchema) }),
    errors: ['not_found'],
  }),
} satisfies Contract
