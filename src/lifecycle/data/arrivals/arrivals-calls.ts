import { z } from 'zod'
import { endpoint, type Contract, type Endpoint } from '#contract/endpoint'
import { pageInput } from '#contract/page'
import { quarantinedRowSchema } from '../quarantine/list-quarantine.ts'
import { versionNameSchema } from '../reference.ts'
import { addResultSchema } from '../versions/dataset-version.ts'

const name = z.string().min(1).describe('The dataset, as in devmlops.yaml')

const upload = endpoint({
  method: 'POST',
  path: '/api/v1/datasets/:name/arrivals/upload',
  summary: 'Send a file: its bytes are the body; it is judged and taken in like one that was found',
  permission: 'write',
  input: z.object({
    name,
    file: z.string().min(1).max(255).describe('What the file is called; its ending says the format'),
  }),
  output: addResultSchema,
  errors: ['not_found', 'invalid_input', 'payload_too_large', 'unreadable_data', 'conflict', 'storage_full'],
})

const rowsFile = endpoint({
  method: 'GET',
  path: '/api/v1/datasets/:name/versions/:version/rows/file',
  summary: 'All rows of a version as one Parquet file, masked as the project says',
  permission: 'read',
  input: z.object({ name, version: versionNameSchema }),
  output: z.unknown(),
  errors: ['not_found', 'invalid_input', 'storage_corrupt'],
})

export const arrivalsCalls = {
  upload: { ...upload, kind: 'upload' },
  rowsFile: { ...rowsFile, kind: 'download' },
  quarantine: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/quarantine',
    summary: 'Rows that were kept out, with the reason: of one version, or all that nobody has released',
    permission: 'read',
    input: z.object({
      name,
      version: versionNameSchema.optional(),
      ...pageInput,
    }),
    output: z.object({
      rows: z.int().describe('how many there are in all'),
      items: z.array(quarantinedRowSchema),
      next: z.string().optional(),
    }),
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
  release: endpoint({
    method: 'POST',
    path: '/api/v1/datasets/:name/quarantine/release',
    summary:
      'Judge rows in quarantine again, by the rules of the project as they are now; take those that pass',
    permission: 'write',
    input: z.object({
      name,
      version: z.int().min(1).optional().describe('Only the rows that this version kept out'),
    }),
    output: addResultSchema,
    errors: ['not_found', 'invalid_input', 'unreadable_data', 'conflict', 'storage_full'],
  }),
} as const satisfies Contract & Record<string, Endpoint>
