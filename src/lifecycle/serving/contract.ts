import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { defineSection } from '#lifecycle/project/contract'
import { deploymentFiguresSchema, variantFiguresSchema } from './deployment/live.ts'
import { logSettingsSchema } from './deployment/log.ts'
import { modelReferenceSchema } from './deployment/model.ts'
import { nameSchema } from './deployment/name.ts'
import {
  canarySettingsSchema,
  keepWarmSettingsSchema,
  releaseOf,
  releaseSettingsSchema,
} from './deployment/rollout.ts'
import { shareSchema, stickySettingsSchema } from './deployment/traffic.ts'
import { decisionSchema, rolloutNoteSchema, rolloutViewSchema } from './rollouts/contract.ts'

export { analysisSettingsSchema, type AnalysisSettings } from './deployment/analysis.ts'

export const deploymentSchema = z
  .strictObject({
    model: modelReferenceSchema,
    description: z.string().optional(),
    sticky: stickySettingsSchema,
    log: logSettingsSchema,
    canary: canarySettingsSchema.optional(),
    release: releaseSettingsSchema.optional(),
    keep_warm: keepWarmSettingsSchema,
  })
  .refine(({ canary, release }) => canary === undefined || release === undefined, {
    path: ['canary'],
    error: '`canary` is the short form of `release`: keep one of them',
  })

export const deploymentsSection = defineSection({
  name: 'deployments',
  summary: 'Endpoints: which model alias answers, and how a challenger is tried on live traffic.',
  schema: z.record(nameSchema, deploymentSchema).prefault({}),
  example: `deployments:
  returns:
    model: returns@champion
    canary: { model: returns@challenger, share: 20 }
`,
  reads: ['models'],
  check: ({ deployments, models }) => {
    const known = Object.keys(models ?? {})
    return Object.entries(deployments).flatMap(([name, { model, ...forms }]) =>
      [
        { reference: model, path: ['deployments', name, 'model'] },
        ...(releaseOf(forms)?.candidates ?? []).map((candidate) => ({
          reference: candidate.model,
          path: ['deployments', name, ...placeOfCandidate(forms, candidate.name), 'model'],
        })),
      ]
        .filter(({ reference }) => !known.includes(reference.split('@')[0] ?? ''))
        .map(({ reference, path }) => {
          const unknown = reference.split('@')[0] ?? ''
          return { path, message: `no model is called "${unknown}"`, unknown: { name: unknown, known } }
        }),
    )
  },
})

function placeOfCandidate({ release }: Pick<DeploymentSettings, 'release'>, name: string): string[] {
  if (release === undefined) return ['canary']
  return release.strategy === 'ab' ? ['release', 'variants', name] : ['release']
}

export type DeploymentSettings = z.output<typeof deploymentSchema>

export const variantSchema = z.object({
  name: z.string().describe('champion, canary, green, shadow, or its name in an A/B test'),
  model: z.string(),
  version: z.number().int(),
  weight: shareSchema,
  /** `shadow`: scores a copy of the traffic, and nobody sees what it says. */
  role: z.literal('shadow').optional(),
  /** Per cent of the traffic that is copied to a shadow. */
  share: shareSchema.optional(),
  digest: z.string().optional().describe('Of its files'),
})
export type DeployedVariant = z.output<typeof variantSchema>

export const deploymentViewSchema = z.object({
  name: z.string(),
  state: z.enum(['active', 'stopped']),
  revision: z.number().int(),
  model: z.string(),
  variants: z.array(variantSchema),
  sticky: z.enum(['key', 'none']),
  updatedAt: z.number(),
  updatedBy: z.string(),
  reason: z.string(),
  /** A new version on its way. */
  rollout: rolloutViewSchema.optional(),
  /** What the serving process says; absent while it does not run. */
  live: z
    .object({
      url: z.string(),
      ready: z.boolean(),
      reason: z.string().optional(),
      revision: z.number().int().optional(),
      variants: z.array(variantFiguresSchema.extend({ name: z.string(), version: z.number().int() })),
      figures: deploymentFiguresSchema,
      logged: z.number(),
      lost: z.number(),
    })
    .optional(),
})
export type DeploymentView = z.output<typeof deploymentViewSchema>

export const revisionSchema = z.object({
  deployment: z.string(),
  revision: z.number().int(),
  state: z.enum(['active', 'stopped']),
  variants: z.array(variantSchema),
  time: z.number(),
  actor: z.string(),
  reason: z.string(),
})
export type Revision = z.output<typeof revisionSchema>

export const predictionViewSchema = z.object({
  id: z.string(),
  time: z.number(),
  eventTime: z.number().optional(),
  deployment: z.string(),
  variant: z.string(),
  model: z.string(),
  version: z.number().int(),
  key: z.string().optional(),
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
  latencyMs: z.number(),
})
export type PredictionView = z.output<typeof predictionViewSchema>

const named = z.object({ name: z.string().min(1).describe('Name of the deployment') })
const reason = z.string().max(1000).optional().describe('Why, for the record')

export const servingContract = {
  list: endpoint({
    method: 'GET',
    path: '/api/v1/deployments',
    summary: 'All deployments with what answers now',
    permission: 'read',
    input: z.object({}),
    output: z.object({ items: z.array(deploymentViewSchema), servingUrl: z.string().optional() }),
  }),
  get: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name',
    summary: 'One deployment',
    permission: 'read',
    input: named,
    output: deploymentViewSchema,
    errors: ['not_found'],
  }),
  revisions: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name/revisions',
    summary: 'Every change of a deployment, newest first',
    permission: 'read',
    input: named,
    output: z.object({ items: z.array(revisionSchema) }),
  }),
  deploy: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/deploy',
    summary: 'Make a deployment answer with what devmlops.yaml and the aliases say',
    permission: 'operate',
    input: named.extend({ reason }),
    output: deploymentViewSchema,
    errors: ['not_found', 'invalid_project', 'not_ready'],
  }),
  startCanary: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/canary',
    summary: 'Give a version a share of the traffic',
    permission: 'operate',
    input: named.extend({
      version: z
        .number()
        .int()
        .positive()
        .optional()
        .describe('Default: whoever has the alias of `canary.model`'),
      share: shareSchema.gt(0).lt(100).optional().describe('Default: `canary.share`'),
      reason,
    }),
    output: deploymentViewSchema,
    errors: ['not_found', 'conflict'],
  }),
  endCanary: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/canary/end',
    summary: 'Promote the canary to champion, or take its traffic away',
    permission: 'operate',
    input: named.extend({ verdict: z.enum(['promote', 'roll_back']), reason }),
    output: deploymentViewSchema,
    errors: ['not_found', 'conflict'],
  }),
  startRelease: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/release',
    summary: 'Try a version as `release` of the deployment says',
    permission: 'operate',
    input: named.extend({
      version: z
        .number()
        .int()
        .positive()
        .optional()
        .describe('Default: whoever has the alias of the release'),
      reason,
    }),
    output: deploymentViewSchema,
    errors: ['not_found', 'conflict'],
  }),
  decide: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/rollout/decision',
    summary: 'Say what shall become of the rollout that runs: the next step, hold, promote or roll back',
    permission: 'operate',
    input: named.extend({
      verdict: decisionSchema,
      variant: z.string().optional().describe('Which one has won, where several are tried'),
      reason,
    }),
    output: deploymentViewSchema,
    errors: ['not_found', 'conflict'],
  }),
  rollouts: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name/rollouts',
    summary: 'Every rollout of a deployment, newest first',
    permission: 'read',
    input: named.extend({ limit: z.number().int().min(1).max(200).default(20) }),
    output: z.object({ items: z.array(rolloutViewSchema) }),
  }),
  rolloutNotes: endpoint({
    method: 'GET',
    path: '/api/v1/rollouts/:id/notes',
    summary: 'What happened to a rollout, in order: steps, verdicts with their numbers, decisions',
    permission: 'read',
    input: z.object({ id: z.string().min(1) }),
    output: z.object({ items: z.array(rolloutNoteSchema) }),
  }),
  stop: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/stop',
    summary: 'Stop answering; the history stays',
    permission: 'operate',
    input: named.extend({ reason }),
    output: deploymentViewSchema,
    errors: ['not_found'],
  }),
  prediction: endpoint({
    method: 'GET',
    path: '/api/v1/predictions/:id',
    summary: 'One logged prediction',
    permission: 'read',
    input: z.object({ id: z.string().min(1).max(200) }),
    output: predictionViewSchema,
    errors: ['not_found'],
  }),
  predictions: endpoint({
    method: 'GET',
    path: '/api/v1/deployments/:name/predictions',
    summary: 'The newest logged predictions',
    permission: 'read',
    input: named.extend({ limit: z.number().int().min(1).max(1000).default(20) }),
    output: z.object({ items: z.array(predictionViewSchema) }),
  }),
} satisfies Contract
