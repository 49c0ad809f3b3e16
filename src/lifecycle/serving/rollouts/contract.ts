import { z } from 'zod'

const versionSchema = z.object({ name: z.string(), model: z.string(), version: z.number().int() })

export const decisionSchema = z.enum(['advance', 'hold', 'promote', 'roll_back'])

/** A rollout as people see it. */
export const rolloutViewSchema = z.object({
  id: z.string(),
  strategy: z.enum(['canary', 'blue_green', 'shadow', 'ab']),
  state: z.enum(['running', 'promoted', 'rolled_back', 'ended']),
  stable: versionSchema,
  candidates: z.array(versionSchema),
  step: z.number().int().describe('Counted from 1'),
  steps: z.array(
    z.object({ share: z.number(), forMs: z.number().optional().describe('Absent: until somebody decides') }),
  ),
  startedAt: z.number(),
  stepStartedAt: z.number(),
  remainingMs: z.number().optional().describe('Of the step; absent when it waits for a decision'),
  judged: z.boolean().describe('Whether a step needs a verdict to end'),
  verdict: z
    .object({
      verdict: decisionSchema,
      reason: z.string(),
      time: z.number(),
      by: z.string(),
      step: z.number().int(),
    })
    .optional(),
  next: z.string().describe('What it waits for, in words'),
  endedAt: z.number().optional(),
  startedBy: z.string(),
  reason: z.string(),
})
export type RolloutView = z.output<typeof rolloutViewSchema>

export const rolloutNoteSchema = z.object({
  time: z.number(),
  step: z.number().int().describe('Counted from 1'),
  kind: z.string().describe('started, step, a verdict, promoted, rolled_back, ended, refused'),
  reason: z.string(),
  evidence: z.unknown().optional(),
  actor: z.string(),
})
export type RolloutNoteView = z.output<typeof rolloutNoteSchema>
