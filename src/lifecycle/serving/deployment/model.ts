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

/** The models and aliases that a deployment answers with: it follows each of them. */
export function modelReferences(model: ModelSettings): string[] {
  if (typeof model === 'string') return [model]
  return 'graph' in model ? model.graph.nodes.flatMap((node) => ('model' in node ? [node.model] : [])) : []
}

/** What answers, in a few words, for lists. */
export function modelText(model: ModelSettings): string {
  if (typeof model === 'string') return model
  return 'graph' in model ? modelReferences(model).join(' + ') : `${model.name} at ${model.upstream}`
}
