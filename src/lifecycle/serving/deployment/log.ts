import { z } from 'zod'
import { nameSchema } from './name.ts'

const modes = ['before_answer', 'after_answer', 'off'] as const
const modeSchema = z
  .enum(modes)
  .describe(
    'before_answer: no prediction is answered that is not on disk. after_answer: the answer does not wait for the disk',
  )

const shareKeptSchema = z.number().min(0).max(1)

const sampleRuleSchema = z.strictObject({
  where: z
    .strictObject({ variant: nameSchema.optional(), version: z.int().positive().optional() })
    .default({})
    .describe(
      'Which predictions the rule is for; the first rule that fits counts, and without one all are kept',
    ),
  sample: shareKeptSchema,
})

const columnsSettingsSchema = z.strictObject({
  drop: z.array(z.string().min(1)).default([]).describe('Inputs that are not logged'),
  hash: z.array(z.string().min(1)).default([]).describe('Inputs that are hashed with DEVMLOPS_MASKING_KEY'),
  keep: z
    .union([z.literal('all'), z.array(z.string().min(1))])
    .default('all')
    .describe('Inputs that are logged; `drop` and `hash` hold for these too'),
})

/** What became of the predictions of a deployment since the serving process started. */
export const logFiguresSchema = z.object({
  written: z.number().describe('On disk'),
  lost: z.number().describe('Could not be written'),
  dropped: z.number().describe('Came faster than the disk takes them, with nobody waiting'),
  sampledOut: z.number().describe('Left out by the sampling rule'),
  tornLinesCut: z.number().describe('Half-written lines that the process before left'),
  problem: z.string().optional().describe('Why the last write failed; absent as soon as one succeeds'),
})
export type LogFigures = z.output<typeof logFiguresSchema>

export const noLogFigures: LogFigures = { written: 0, lost: 0, dropped: 0, sampledOut: 0, tornLinesCut: 0 }

const unitMs = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
const unitBytes = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

const settingsSchema = z.strictObject({
  mode: modeSchema.default('before_answer'),
  sample: z
    .union([shareKeptSchema, z.array(sampleRuleSchema).min(1)])
    .default(1)
    .describe('Share of predictions that is kept, drawn by their ids; or rules that say it for variants'),
  columns: columnsSettingsSchema.prefault({}),
  retain: z
    .string()
    .regex(/^[1-9]\d{0,5}[hdw]$/, 'a time such as 90d, 12h or 26w is expected')
    .optional()
    .describe('How long predictions are kept, such as 90d; without it they stay'),
  segment: z
    .string()
    .regex(/^[1-9]\d{0,5}(?:KiB|MiB|GiB)$/, 'a size such as 32MiB is expected')
    .optional()
    .describe('Size of a file of lines before the next begins (default: 32MiB)'),
  events: z
    .strictObject({
      url: z.url().describe('Where each prediction is sent as CloudEvents'),
      format: z.enum(['kserve']).default('kserve'),
      token_variable: z
        .string()
        .regex(/^[A-Za-z_]\w*$/)
        .optional()
        .describe('Environment variable with a bearer token for it'),
      namespace: z.string().optional(),
    })
    .optional(),
})

/** `log` of a deployment in devmlops.yaml: a mode, or everything. */
export const logSettingsSchema = z.union([modeSchema, settingsSchema]).default('before_answer')
export type LogSettings = z.output<typeof logSettingsSchema>
export type LogEventsSettings = NonNullable<z.output<typeof settingsSchema>['events']>

/** The prediction log of a deployment, in the serving plan. */
export const logPlanSchema = z.object({
  enabled: z.boolean().default(true),
  mode: z.enum(['before_answer', 'after_answer']).default('before_answer'),
  segmentBytes: z
    .int()
    .positive()
    .default(32 * 1024 * 1024),
  sample: z.array(sampleRuleSchema).default([]),
  columns: columnsSettingsSchema.prefault({}),
})
export type LogPlan = z.output<typeof logPlanSchema>

export function logPlan(settings: LogSettings): z.input<typeof logPlanSchema> {
  const { mode, sample, columns, segment } = fullLogSettings(settings)
  if (mode === 'off') return { enabled: false }
  return {
    enabled: true,
    mode,
    sample: typeof sample === 'number' ? (sample === 1 ? [] : [{ sample }]) : sample,
    columns,
    ...(segment === undefined ? {} : { segmentBytes: sizeOf(segment) }),
  }
}

export function fullLogSettings(settings: LogSettings): z.output<typeof settingsSchema> {
  return typeof settings === 'string' ? settingsSchema.parse({ mode: settings }) : settings
}

/** Undefined: predictions stay. */
export function retainMs(settings: LogSettings): number | undefined {
  const { retain } = fullLogSettings(settings)
  if (retain === undefined) return undefined
  return Number(retain.slice(0, -1)) * unitMs[retain.slice(-1) as keyof typeof unitMs]
}

/** The share of the predictions of a variant that is kept. */
export function shareKept({ sample }: LogPlan, variant: { name: string; version: number }): number {
  const rule = sample.find(
    ({ where }) =>
      (where.variant ?? variant.name) === variant.name &&
      (where.version ?? variant.version) === variant.version,
  )
  return rule?.sample ?? 1
}

function sizeOf(text: string): number {
  return Number(text.slice(0, -3)) * unitBytes[text.slice(-3) as keyof typeof unitBytes]
}
