import { z } from 'zod'
import { alertKindSchema } from './settings.ts'

// What monitoring finds.

const share = z.number().min(0).max(1)

/** `start` belongs to the window, `end` does not. Both ISO 8601 in UTC. */
export const windowSchema = z.object({ start: z.iso.datetime(), end: z.iso.datetime() })
export type Window = z.infer<typeof windowSchema>

export const verdictSchema = z.enum(['clean', 'breached', 'unknown'])
export type Verdict = z.infer<typeof verdictSchema>

const driftCheckNameSchema = z.enum(['distribution', 'missing', 'new_categories', 'out_of_range'])

const driftCheckSchema = z.object({
  check: driftCheckNameSchema,
  statistic: z.enum(['psi', 'jensen_shannon', 'share']),
  effect: z.number().min(0),
  threshold: z.number(),
  pValue: share,
  adjustedPValue: share,
  breached: z.boolean(),
  reason: z.string(),
})
export type DriftCheck = z.infer<typeof driftCheckSchema>

export const columnDriftSchema = z.object({
  column: z.string(),
  verdict: verdictSchema,
  /** `verdict` is `breached`. */
  drifted: z.boolean(),
  n: z.int().min(0).describe('rows of the window'),
  nReference: z.int().min(0),
  psi: z.number().min(0).nullable(),
  jensenShannon: z.number().min(0).max(1).nullable().describe('distance, base 2'),
  checks: z.array(driftCheckSchema),
  reason: z.string(),
})
export type ColumnDrift = z.infer<typeof columnDriftSchema>

/** What one window says about one subject. A later judgement of the same window on more evidence replaces it. */
export const judgementSchema = z.object({
  monitor: z.string(),
  kind: alertKindSchema,
  subject: z.string().describe('a column, or a rule such as "roc_auc at least 0.6"'),
  window: windowSchema,
  verdict: verdictSchema,
  reason: z.string(),
  numbers: z.record(z.string(), z.number().nullable()),
  evidence: z.int().min(0).describe('rows or labels that it rests on'),
  judgedAt: z.iso.datetime(),
})
export type Judgement = z.infer<typeof judgementSchema>

export const alertStateSchema = z.enum(['pending', 'firing', 'resolved'])

/** One episode of trouble with one subject. */
export const alertSchema = z.object({
  id: z.string().describe('fingerprint and start of the first breached window'),
  fingerprint: z.string(),
  monitor: z.string(),
  kind: alertKindSchema,
  subject: z.string(),
  state: alertStateSchema,
  since: z.iso.datetime().describe('start of the first breached window'),
  firingSince: z.iso.datetime().nullable().describe('end of the window that made it fire'),
  resolvedAt: z.iso.datetime().nullable().describe('end of the window that resolved it'),
  breachedWindows: z.int().min(1),
  window: windowSchema.describe('the last breached window'),
  reason: z.string().describe('of the last breached window'),
  numbers: z.record(z.string(), z.number().nullable()),
})
export type Alert = z.infer<typeof alertSchema>

export const alertTransitionSchema = z.object({
  alert: z.string(),
  fingerprint: z.string(),
  monitor: z.string(),
  kind: alertKindSchema,
  subject: z.string(),
  from: z.enum(['quiet', 'pending', 'firing']),
  to: alertStateSchema,
  window: windowSchema,
  reason: z.string(),
  numbers: z.record(z.string(), z.number().nullable()),
})
export type AlertTransition = z.infer<typeof alertTransitionSchema>
