import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { rateSchema, scopeSchema } from '../deployment/access.ts'

const keyNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][\w.@ -]{0,99}$/, 'letters, digits, "_", ".", "@", "-" and spaces, at most 100')

export const keyViewSchema = z.object({
  id: z.string().describe('The public part: the key begins with `dk_<id>_`'),
  name: z.string(),
  scopes: z.array(scopeSchema),
  deployments: z.array(z.string()).optional().describe('Absent: all'),
  rate: rateSchema.optional(),
  concurrency: z.number().int().optional(),
  signs: z.boolean().describe('Whether requests can be signed with it'),
  createdAt: z.number(),
  createdBy: z.string(),
  expiresAt: z.number().optional(),
  revokedAt: z.number().optional(),
  revokedBy: z.string().optional(),
})
export type KeyView = z.output<typeof keyViewSchema>

export const accessKeysContract = {
  list: endpoint({
    method: 'GET',
    path: '/api/v1/access-keys',
    summary: 'All keys for predictions, without their secrets',
    permission: 'admin',
    input: z.object({}),
    output: z.object({ items: z.array(keyViewSchema) }),
  }),
  create: endpoint({
    method: 'POST',
    path: '/api/v1/access-keys',
    summary: 'Make a key; its secret is answered this once and never kept',
    permission: 'admin',
    input: z.object({
      name: keyNameSchema.describe('Who has it: shown in the log, the metrics and here'),
      scopes: z.array(scopeSchema).min(1).default(['predict', 'explain']),
      deployments: z.array(z.string().min(1)).optional().describe('Which it may ask; absent: all'),
      rate: rateSchema.optional(),
      concurrency: z.number().int().positive().optional().describe('Requests at the same time'),
      expiresAt: z.number().int().positive().optional().describe('Epoch milliseconds'),
      signing: z.boolean().default(false).describe('Keep what is needed to check signatures made with it'),
    }),
    output: z.object({ key: keyViewSchema, secret: z.string() }),
    errors: ['already_exists', 'invalid_input'],
  }),
  revoke: endpoint({
    method: 'POST',
    path: '/api/v1/access-keys/:key/revoke',
    summary: 'Take a key back: it is refused from the next request on',
    permission: 'admin',
    input: z.object({ key: z.string().min(1).describe('Its name or its id') }),
    output: keyViewSchema,
    errors: ['not_found'],
  }),
} satisfies Contract
