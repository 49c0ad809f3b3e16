import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { pageInput, pageOf } from '#contract/page'

const webhookSchema = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  url: z.string(),
  status: z.enum(['ACTIVE', 'DISABLED']),
  createdAt: z.int().nonnegative(),
  createdBy: z.string(),
  updatedAt: z.int().nonnegative(),
  events: z.array(z.object({ entity: z.string(), action: z.string() })),
})

const byId = { id: z.string() }

export const webhookContract = {
  listWebhooks: endpoint({
    method: 'GET',
    path: '/api/v1/webhooks',
    summary: 'List webhooks, newest first',
    permission: 'read',
    input: z.object(pageInput),
    output: pageOf(webhookSchema),
  }),
  addWebhook: endpoint({
    method: 'POST',
    path: '/api/v1/webhooks',
    summary: 'Have an address told what happens in the registry',
    permission: 'admin',
    input: z.object({
      name: z.string(),
      url: z.string().describe('Where to post to: a public https:// address'),
      events: z
        .array(z.object({ entity: z.string(), action: z.string() }))
        .describe('What to tell, such as model_version created'),
      description: z.string().optional(),
      secret: z.string().optional().describe('Signs what is sent; never shown again'),
    }),
    output: webhookSchema,
  }),
  removeWebhook: endpoint({
    method: 'DELETE',
    path: '/api/v1/webhooks/:id',
    summary: 'Delete a webhook; what waited for it is not sent any more',
    permission: 'admin',
    input: z.object(byId),
    output: z.object({}),
    errors: ['not_found'],
  }),
  testWebhook: endpoint({
    method: 'POST',
    path: '/api/v1/webhooks/:id/test',
    summary: 'Send a made-up event to a webhook, and show what comes back',
    permission: 'admin',
    input: z.object(byId),
    output: z.object({
      success: z.boolean(),
      status: z.int().optional(),
      body: z.string().optional(),
      error: z.string().optional(),
    }),
    errors: ['not_found'],
  }),
} as const satisfies Contract
