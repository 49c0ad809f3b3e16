import { z } from 'zod'

/** What a key may be used for; `admin` includes the others. */
export const scopeSchema = z.enum(['predict', 'explain', 'metrics', 'admin'])
export type Scope = z.output<typeof scopeSchema>

/** Requests in a time, evenly: a request costs `perMs / requests`, and one full lot may come at once. */
export const rateSchema = z.object({ requests: z.number().positive(), perMs: z.number().positive() })
export type Rate = z.output<typeof rateSchema>

/** A key as the serving process knows it: never the secret. */
const keyPlanSchema = z.object({
  /** The public part of the key. */
  id: z.string().min(1),
  name: z.string().min(1),
  /** SHA-256 of the whole key, hexadecimal. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  /** What signatures of requests are checked with, base64; derived from the secret, so that it is none. */
  verificationKey: z.string().optional(),
  scopes: z.array(scopeSchema).min(1),
  /** Left out: all. */
  deployments: z.array(z.string()).optional(),
  rate: rateSchema.optional(),
  /** Requests at the same time. */
  concurrency: z.int().positive().optional(),
  /** Epoch milliseconds. */
  expiresAt: z.number().optional(),
})
export type KeyPlan = z.output<typeof keyPlanSchema>

/** `access` of the section `serving`. */
export const accessModeSchema = z
  .enum(['open', 'token', 'keys'])
  .describe('open: nobody is asked; token: DEVMLOPS_TOKEN; keys: that or a key of `devmlops keys`')
export const signingSchema = z
  .enum(['off', 'optional', 'required'])
  .describe('Whether requests must be signed with their key')

/** Who may ask for predictions, in the serving plan. */
export const accessPlanSchema = z.object({
  /** Left out: `token` where there is one, `open` otherwise. */
  mode: accessModeSchema.optional(),
  keys: z.array(keyPlanSchema).default([]),
  /** Origins of web pages that may ask. */
  cors: z.array(z.string()).default([]),
  signing: signingSchema.default('off'),
})
export type AccessPlan = z.output<typeof accessPlanSchema>
