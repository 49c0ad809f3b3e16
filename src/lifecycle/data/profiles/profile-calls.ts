import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { versionProfileSchema } from './version-profile.ts'

const version = z.coerce.number<number | string>().int().min(1)

export const profileCalls = {
  profileSum: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/:name/profile',
    summary: 'The profile of several versions together, from their profiles, without reading a row again',
    permission: 'read',
    input: z.object({ name: z.string().min(1), from: version, to: version }),
    output: z.object({ versions: z.array(z.int()), profile: versionProfileSchema }),
    errors: ['not_found', 'invalid_input', 'storage_corrupt'],
  }),
} satisfies Contract
