import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pointerCheckSchema } from './pointer-check.ts'

/** Whether data and code belong together. */
export const gitCalls = {
  checkPointers: endpoint({
    method: 'GET',
    path: '/api/v1/datasets/pointers/check',
    summary: 'Whether the pointer files, the versions they name and the code of this commit belong together',
    permission: 'read',
    input: z.object({
      working: z.stringbool().or(z.boolean()).default(false).describe('Also compare the working files'),
    }),
    output: pointerCheckSchema,
    errors: ['invalid_input', 'unreadable_data'],
  }),
} satisfies Contract
