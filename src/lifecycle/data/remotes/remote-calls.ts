import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { digestSchema } from '../versions/snapshot.ts'

const name = z.string().min(1).describe('The dataset')
const version = z.coerce.number<number | string>().int().min(1)
const offset = z.coerce.number<number | string>().int().min(0).optional()

/** What another DevMLOps needs to pull versions from this one. */
export const remoteCalls = {
  remoteDatasets: endpoint({
    method: 'GET',
    path: '/api/v1/remote/datasets',
    summary: 'The names of the datasets that have versions',
    permission: 'read',
    input: z.object({}),
    output: z.object({ items: z.array(z.string()) }),
  }),
  remoteVersions: endpoint({
    method: 'GET',
    path: '/api/v1/remote/datasets/:name/versions',
    summary: 'The numbers of the versions of a dataset, ascending',
    permission: 'read',
    input: z.object({ name }),
    output: z.object({ items: z.array(z.int()) }),
  }),
  remoteDocument: endpoint({
    method: 'GET',
    path: '/api/v1/remote/datasets/:name/versions/:version',
    summary: 'A version as another DevMLOps takes it in: what it is, and the digests of its bytes',
    permission: 'read',
    input: z.object({ name, version }),
    output: z.looseObject({ format: z.literal(1) }),
    errors: ['not_found', 'storage_corrupt'],
  }),
  remoteBlock: endpoint({
    method: 'GET',
    path: '/api/v1/remote/datasets/:name/versions/:version/blocks/:digest',
    summary: 'Bytes that a version names, or some of them',
    permission: 'read',
    kind: 'download',
    input: z.object({
      name,
      version,
      digest: digestSchema,
      first: offset.describe('The first byte, from 0'),
      last: offset.describe('The last byte; both ends count'),
    }),
    output: z.any(),
    errors: ['not_found', 'storage_corrupt', 'invalid_input'],
  }),
} satisfies Contract
