import { z } from 'zod'
import { durationMs } from '#contract/units'
import { graphSettingsSchema } from './graph.ts'
import { modelReferenceSchema } from './model-reference.ts'
import { upstreamSettingsSchema } from './upstream.ts'

export { modelReferenceSchema } from './model-reference.ts'

/** `model` of a deployment in devmlops.yaml: a registered version, another server, or several models. */
export const modelSettingsSchema = z.union(
  [modelReferenceSchema, upstreamSettingsSchema, graphSettingsSchema],
  {
    error: 'expected a model and an alias such as flight-delays@champion, `upstream:` or `graph:`',
  },
)
export type ModelSettings = z.output<typeof modelSettingsSchema>

/** `load` of a deployment in devmlops.yaml. */
export const loadSettingsSchema = z
  .enum(['always', 'on_demand'])
  .default('always')
  .describe('on_demand: released while memory is short and nobody asks, and loaded again by the next request')

/** `python` of a deployment in devmlops.yaml. */
export const pythonSettingsSchema = z.strictObject({
  workers: z.int().min(1).max(64).optional().describe('Processes; DEVMLOPS_PYTHON_WORKERS when left out'),
  timeout: durationMs
    .optional()
    .describe('A worker that takes longer over a batch is ended; 60s when left out'),
})

/** How the models of a deployment are held, in the serving plan. */
export function loadingPlan({
  load,
  python,
}: {
  readonly load: z.output<typeof loadSettingsSchema>
  readonly python?: z.output<typeof pythonSettingsSchema> | undefined
}) {
  if (python === undefined) return { load }
  const { workers, timeout } = python
  return {
    load,
    python: {
      ...(workers === undefined ? {} : { workers }),
      ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    },
  }
}
