import { z } from 'zod'

const headerNameSchema = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, 'the name of an HTTP header')
  .describe('Name of the header')

/** `sticky` of a deployment in devmlops.yaml. */
export const stickySettingsSchema = z
  .union([z.enum(['key', 'none']), z.strictObject({ header: headerNameSchema })], {
    error: 'expected key, none, or { header: NAME }',
  })
  .default('key')
  .describe(
    'key: all predictions for one key come from one variant; { header: NAME }: for one value of the header; none: each is drawn on its own',
  )
export type StickySettings = z.output<typeof stickySettingsSchema>

/** Per cent of the traffic. */
export const shareSchema = z.number().min(0).max(100)

/** How a request finds its variant, in the serving plan. */
export const stickyPlanSchema = z.object({
  by: z.enum(['key', 'header', 'none']).default('key'),
  /** In lower case. */
  header: z.string().optional(),
})

export function stickyPlan(settings: StickySettings): z.input<typeof stickyPlanSchema> {
  if (typeof settings === 'string') return { by: settings }
  return { by: 'header', header: settings.header.toLowerCase() }
}

/** For people. */
export function stickyText(settings: StickySettings): string {
  return typeof settings === 'string' ? settings : `header ${settings.header}`
}
