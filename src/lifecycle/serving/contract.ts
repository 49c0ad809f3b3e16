import { z } from 'zod'
import { endpoint, type Contract } from '#contract/endpoint'
import { defineSection } from '#lifecycle/project/contract'
import { deploymentFiguresSchema, variantFiguresSchema } from './deployment/live.ts'
import { explainSettingsSchema } from './deployment/explain.ts'
import { limitsSettingsSchema } from './deployment/limits.ts'
import { logFiguresSchema, logSettingsSchema } from './deployment/log.ts'
import { environmentMistakes, environmentsSettingsSchema } from './deployment/environments.ts'
import { followedReferences, withNamedModels, type Composition } from './deployment/composition.ts'
import { featuresSettingsSchema } from './deployment/features.ts'
import {
  loadSettingsSchema,
  modelReferenceSchema,
  modelSettingsSchema,
  pythonSettingsSchema,
} from './deployment/model.ts'
import { nameSchema } from './deployment/name.ts'
import { canarySettingsSchema, keepWarmSettingsSchema, releaseSettingsSchema } from './deployment/rollout.ts'
import { shareSchema, stickySettingsSchema } from './deployment/traffic.ts'
import { decisionSchema, rolloutNoteSchema, rolloutViewSchema } from './rollouts/contract.ts'

export { analysisSettingsSchema, type AnalysisSettings } from './deployment/analysis.ts'
export { endpointsOf } from './deployment/environments.ts'

const deploymentFields = {
  model: modelReferenceSchema,
  description: z.string().optional(),
  sticky: stickySettingsSchema,
  log: logSettingsSchema,
  limits: limitsSettingsSchema,
  explain: explainSettingsSchema,
  canary: canarySettingsSchema.optional(),
  release: releaseSettingsSchema.optional(),
  keep_warm: keepWarmSettingsSchema,
  load: loadSettingsSchema,
  python: pythonSettingsSchema.optional(),
  features: featuresSettingsSchema,
}

/** @param model as it is written, or as everything else sees it: a name and an alias */
const deploymentOf = <Model extends z.ZodType>(model: Model) =>
  z
    .strictObject({ ...deploymentFields, model, environments: environmentsSettingsSchema(deploymentFields) })
    .superRefine(({ canary, release, environments = {} }, context) => {
      const places = [
        { path: ['canary'], forms: { canary, release } },
        ...Object.entries(environments).map(([name, forms]) => ({
          path: ['environments', name, 'canary'],
          forms,
        })),
      ]
      for (const { path, forms } of places) {
        if (forms.canary === undefined || forms.release === undefined) continue
        context.addIssue({
          code: 'custom',
          path,
          message: '`canary` is the short form of `release`: keep one of them',
        })
      }
    })

export const deploymentSchema = deploymentOf(modelReferenceSchema)
const writtenDeploymentSchema = deploymentOf(modelSettingsSchema)

export const deploymentsSection = defineSection({
  name: 'deployments',
  summary: 'Endpoints: which model alias answers, and how a challenger is tried on live traffic.',
  schema: z.record(nameSchema, writtenDeploymentSchema).prefault({}).transform(withNamedModels),
  example: `deployments:
  returns:
    model: returns@champion
    canary: { model: returns@challenger, share: 20 }
`,
  reads: ['models'],
  check: ({ deployments, models }) => {
    const known = Object.keys(models ?? {})
    const unknownModels = Object.entries(deployments).flatMap(([name, { environments = {}, ...settings }]) =>
      [
        ...namedModels(settings, ['deployments', name]),
        ...Object.entries(environments).flatMap(([environment, changed]) =>
          namedModels(changed, ['deployments', name, 'environments', environment]),
        ),
      ]
        .filter(({ reference }) => !known.includes(reference.split('@')[0] ?? ''))
        .map(({ reference, path }) => {
          const unknown = reference.split('@')[0] ?? ''
          return { path, message: `no model is called "${unknown}"`, unknown: { name: unknown, known } }
        }),
    )
    return [...unknownModels, ...environmentMistakes(deployments)]
  },
})

/** The references to models in settings, and where they stand. */
function namedModels(
  settings: {
    readonly [Name in 'model' | 'composition' | 'canary' | 'release']?: DeploymentSettings[Name] | undefined
  },
  path: readonly string[],
): { readonly reference: string; readonly path: readonly string[] }[] {
  const { model, canary, release } = settings
  const named = [
    ...(model === undefined ? [] : followedReferences({ model, composition: settings.composition })).map(
      (reference) => ({ reference, path: ['model'] }),
    ),
    { reference: canary?.model, path: ['canary', 'model'] },
    ...(release?.strategy === 'ab'
      ? Object.entries(release.variants).map(([name, variant]) => ({
          reference: variant.model,
          path: ['release', 'variants', name, 'model'],
        }))
      : [{ reference: release?.model, path: ['release', 'model'] }]),
  ]
  return named.flatMap(({ reference, path: place }) =>
    reference === undefined ? [] : [{ reference, path: [...path, ...place] }],
  )
}

/** A deployment as devmlops.yaml has it. */
export type DeclaredDeployment = z.output<typeof deploymentSchema> & {
  /** What `model` stands for, when it is no version of the registry. */
  composition?: Composition
}
/** Of one endpoint: a deployment, or one of its environments. */
export type DeploymentSettings = Omit<DeclaredDeployment, 'environments'>

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
  sticky: z.string().describe('key, none, or header NAME'),
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
      log: logFiguresSchema.optional(),
    })
    .optional(),
})
export type DeploymentView = z.output<typeof deploymentViewSchema>

/** What `devmlops deploy` would change of one endpoint. */
export const plannedDeploymentSchema = z.object({
  name: z.string(),
  environment: z.string().optional(),
  action: z
    .enum(['add', 'change', 'none', 'remove', 'blocked'])
    .describe(
      'remove: deployed, and no longer in devmlops.yaml; blocked: it cannot be deployed, see `problem`',
    ),
  changes: z.array(
    z.object({
      what: z.string().describe('A variant or a setting'),
      from: z.string().optional(),
      to: z.string().optional(),
    }),
  ),
  problem: z.string().optional(),
  drift: z
    .string()
    .optional()
    .describe('What the serving process has is not what is written; it is repaired by itself'),
})
export type PlannedDeployment = z.output<typeof plannedDeploymentSchema>

export const revisionSchema = z.object({
  deployment: z.string(),
  revision: z.number().int(),
  state: z.enum(['active', 'stopped']),
  variants: z.array(variantSchema),
  time: z.number(),
  actor: z.string(),
  reason: z.string(),
  restored: z.number().int().optional().describe('The revision that it went back to'),
  rollout: z.string().optional().describe('The rollout that it was a step of'),
  answered: z.boolean().describe('Whether the serving process took it'),
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
const environment = z.string().optional().describe('Default: the last one')
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
    input: named.extend({ environment, reason }),
    output: deploymentViewSchema,
    errors: ['not_found', 'conflict', 'invalid_project', 'not_ready'],
  }),
  preview: endpoint({
    method: 'GET',
    path: '/api/v1/deployment-plan',
    summary: 'What `devmlops deploy` would change, without doing it',
    permission: 'read',
    input: z.object({ name: z.string().optional().describe('Default: all'), environment }),
    output: z.object({ items: z.array(plannedDeploymentSchema) }),
    errors: ['not_found', 'invalid_project'],
  }),
  deployAll: endpoint({
    method: 'POST',
    path: '/api/v1/deployment-plan/apply',
    summary: 'Bring all deployments to what devmlops.yaml and the aliases say',
    permission: 'operate',
    input: z.object({
      prune: z.boolean().default(false).describe('Stop what is no longer in devmlops.yaml'),
      reason,
    }),
    output: z.object({ items: z.array(plannedDeploymentSchema) }),
    errors: ['invalid_project'],
  }),
  rollback: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/rollback',
    summary: 'Go back to the last revision that was good, or to a given one',
    permission: 'operate',
    input: named.extend({
      to: z.number().int().positive().optional().describe('Number of the revision'),
      reason,
    }),
    output: deploymentViewSchema.extend({
      aliasProblem: z.string().optional().describe('Why the alias did not follow'),
    }),
    errors: ['not_found', 'conflict'],
  }),
  promote: endpoint({
    method: 'POST',
    path: '/api/v1/deployments/:name/promote',
    summary: 'Take the version that runs in one environment into the next',
    permission: 'operate',
    input: named.extend({
      to: z.string().min(1).describe('The environment to promote to'),
      force: z
        .boolean()
        .default(false)
        .describe('Although the rollout before is not finished or was judged badly'),
      reason,
    }),
    output: deploymentViewSchema,
    errors: ['not_found', 'conflict', 'storage_corrupt'],
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
  restart: endpoint({
    method: 'POST',
    path: '/api/v1/serving/restart',
    summary: 'Put a new serving process in the place of the one that runs, without a request being lost',
    permission: 'operate',
    input: z.object({ reason }),
    output: z.object({ servingUrl: z.string().optional() }),
    errors: ['not_ready', 'conflict'],
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
