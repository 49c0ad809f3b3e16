import { z } from 'zod'
import { durationMs } from '#contract/units'
import { analysisSettingsSchema, type AnalysisSettings } from './analysis.ts'
import { modelReferenceSchema } from './model.ts'
import { nameSchema } from './name.ts'
import { shareSchema } from './traffic.ts'

/** `canary` of a deployment in devmlops.yaml: the short form of a release with one step that lasts until it is judged. */
export const canarySettingsSchema = z.strictObject({
  model: modelReferenceSchema.describe('Whoever gets this alias takes the share until it is judged'),
  share: shareSchema.gt(0).lt(100).describe('Per cent of the traffic'),
})

const candidate = modelReferenceSchema.describe('Whoever gets this alias is tried')
const challenger = candidate
  .optional()
  .describe('Whoever gets this alias is tried; the alias challenger when left out')
const common = {
  preview: z
    .boolean()
    .default(false)
    .describe('Whether the header x-devmlops-variant may choose a variant, to try one before it has traffic'),
  analysis: analysisSettingsSchema
    .optional()
    .describe('By what each step is judged; without it, steps go by time'),
}

const stepSchema = z.strictObject({
  share: shareSchema.gt(0).describe('Per cent of the traffic'),
  for: durationMs.optional().describe('How long at least; left out, until somebody decides'),
})

/** `release` of a deployment in devmlops.yaml: how a new version comes to answer. */
export const releaseSettingsSchema = z.discriminatedUnion('strategy', [
  z.strictObject({
    strategy: z.literal('canary').describe('A growing share of the traffic'),
    model: challenger,
    steps: z.array(stepSchema).min(1).describe('Shares, one after the other; after the last it is promoted'),
    ...common,
  }),
  z.strictObject({
    strategy: z.literal('blue_green').describe('Loaded and ready beside the champion, then switched at once'),
    model: challenger,
    for: durationMs
      .optional()
      .describe('How long it waits before the switch; left out, until somebody decides'),
    ...common,
  }),
  z.strictObject({
    strategy: z
      .literal('shadow')
      .describe('Scores a copy of the traffic after the answer; nobody sees what it says'),
    model: challenger,
    share: shareSchema.gt(0).default(100).describe('Per cent of the traffic that is copied'),
    for: durationMs.optional().describe('How long; left out, until somebody decides'),
    ...common,
  }),
  z.strictObject({
    strategy: z.literal('ab').describe('Named variants with fixed shares, until somebody decides'),
    variants: z
      .record(
        nameSchema,
        z.strictObject({
          model: candidate,
          share: shareSchema.gt(0).lt(100).describe('Per cent of the traffic'),
        }),
      )
      .refine((variants) => Object.keys(variants).length > 0, { error: 'expected at least one variant' })
      .refine((variants) => !('champion' in variants), {
        error: 'the champion has what is left, and is not listed',
      })
      .refine((variants) => Object.values(variants).reduce((sum, { share }) => sum + share, 0) < 100, {
        error: 'the shares must leave something to the champion',
      }),
    ...common,
  }),
])

export type ReleaseSettings = z.output<typeof releaseSettingsSchema>
export type Strategy = ReleaseSettings['strategy']

/** A release, whatever form it was written in. */
export interface Release {
  readonly strategy: Strategy
  readonly preview: boolean
  readonly analysis: AnalysisSettings | undefined
  /** What is tried, by reference; `share` is that of an A/B test. */
  readonly candidates: readonly { readonly name: string; readonly model: string; readonly share: number }[]
  /** At least one. `share` is the canary's or the shadow's. */
  readonly steps: readonly { readonly share: number; readonly forMs: number | undefined }[]
}

export interface ReleaseForms {
  /** Of the deployment. */
  readonly model: unknown
  readonly canary?: z.output<typeof canarySettingsSchema> | undefined
  readonly release?: ReleaseSettings | undefined
}

export function releaseOf({ model, canary, release }: ReleaseForms): Release | undefined {
  if (release === undefined) {
    return canary === undefined ? undefined : canaryRelease(canary.model, [{ share: canary.share }])
  }
  const { preview, analysis } = release
  const tried = 'model' in release && release.model !== undefined ? release.model : challengerOf(model)
  const oneStep = (share: number, forMs?: number) => [{ share, forMs }]
  switch (release.strategy) {
    case 'canary':
      return { ...canaryRelease(tried, release.steps), preview, analysis }
    case 'blue_green':
      return {
        strategy: 'blue_green',
        preview,
        analysis,
        candidates: [{ name: 'green', model: tried, share: 0 }],
        steps: oneStep(0, release.for),
      }
    case 'shadow':
      return {
        strategy: 'shadow',
        preview,
        analysis,
        candidates: [{ name: 'shadow', model: tried, share: 0 }],
        steps: oneStep(release.share, release.for),
      }
    case 'ab':
      return {
        strategy: 'ab',
        preview,
        analysis,
        candidates: Object.entries(release.variants).map(([name, { model, share }]) => ({
          name,
          model,
          share,
        })),
        steps: oneStep(0),
      }
  }
}

/** '' for what is no registered model: nothing has that alias. */
function challengerOf(model: unknown): string {
  return typeof model === 'string' ? `${model.split('@')[0] ?? ''}@challenger` : ''
}

export function canaryRelease(
  model: string,
  steps: readonly { readonly share: number; readonly for?: number | undefined }[],
): Release {
  return {
    strategy: 'canary',
    preview: false,
    analysis: undefined,
    candidates: [{ name: 'canary', model, share: 0 }],
    steps: steps.map(({ share, for: forMs }) => ({ share, forMs })),
  }
}

/** `keep_warm` of a deployment in devmlops.yaml. */
export const keepWarmSettingsSchema = durationMs
  .prefault('10m')
  .describe('How long a version that is swapped out stays in memory, so that going back to it is immediate')

/** What a rollout asks of the serving process, in the serving plan. */
export const rolloutPlanSchema = z.object({
  /** Whether the header x-devmlops-variant may choose a variant. */
  preview: z.boolean().default(false),
  keepWarmMs: z.number().nonnegative().default(0),
})

export function rolloutPlan(
  settings: ReleaseForms & { readonly keep_warm: number },
): z.input<typeof rolloutPlanSchema> {
  return { preview: releaseOf(settings)?.preview ?? false, keepWarmMs: settings.keep_warm }
}
