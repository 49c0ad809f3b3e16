import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { modelSignatureSchema } from '#lifecycle/tracking/contract'

const named = z.object({ name: z.string().min(1).describe('Name of the deployment') })
const rowSchema = z.record(z.string(), z.unknown())

/** What somebody needs to ask an endpoint by hand. */
const questionFormSchema = z.object({
  name: z.string(),
  model: z.string(),
  version: z.number().int().describe('The one that has most of the traffic'),
  signature: modelSignatureSchema,
  example: rowSchema.optional().describe('The first row that was stored with the model'),
  url: z.string().optional().describe('Of the serving process; absent while it does not run'),
  needsKey: z.boolean().describe('Whether whoever asks must show a key or a token'),
})
export type QuestionForm = z.output<typeof questionFormSchema>

export const triedAnswerSchema = z.object({
  prediction: z.looseObject({ id: z.string(), variant: z.string(), version: z.number() }),
  tookMs: z.number().describe('From the question to the answer, as the server saw it'),
})
export type TriedAnswer = z.output<typeof triedAnswerSchema>

const contributionSchema = z.object({
  field: z.string(),
  value: z.unknown().optional(),
  contribution: z.number().describe('On the scale of the explanation'),
  points: z.number().optional().describe('Percentage points of the chance, where the answer is one'),
  reason: z.string(),
})

export const explainedAnswerSchema = z.object({
  output: z.string(),
  class: z.union([z.string(), z.number()]).optional(),
  score: z.number(),
  scale: z.string(),
  base_value: z.number(),
  method: z.string(),
  compared_with: z.string().optional(),
  contributions: z.array(contributionSchema).describe('All fields, the strongest first'),
})
export type ExplainedAnswer = z.output<typeof explainedAnswerSchema>

const tried = named.extend({ row: rowSchema, key: z.string().min(1).max(256).optional() })
const errors = ['not_found', 'invalid_input', 'not_ready', 'rate_limited', 'overloaded', 'timed_out'] as const

export const tryContract = {
  form: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name/form',
    summary: 'What an endpoint takes, with an example and its address',
    permission: 'read',
    input: named,
    output: questionFormSchema,
    errors: ['not_found'],
  }),
  try: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/try',
    summary:
      'Ask an endpoint for one row, as anybody would; it is logged like any other, with the caller "page"',
    permission: 'operate',
    // The prediction log has it, by the rules of the deployment about what may be kept.
    audit: 'none',
    input: tried,
    output: triedAnswerSchema,
    errors,
  }),
  why: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/why',
    summary: 'Why an endpoint answers to one row as it does',
    permission: 'operate',
    audit: 'none',
    input: tried.extend({ version: z.number().int().optional().describe('Default: as the row is routed') }),
    output: explainedAnswerSchema,
    errors,
  }),
} as const satisfies Contract
