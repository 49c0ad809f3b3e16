import { fail } from '#contract/errors'

/** MLflow's stages of a version: labels that its older clients load by. Deployments follow aliases, not stages. */
export const stages = ['None', 'Staging', 'Production', 'Archived'] as const
export type Stage = (typeof stages)[number]

/** The stages that `archive existing versions` may be asked for. */
export const activeStages: readonly Stage[] = ['Staging', 'Production']

/** In any case: `production` is `Production`. */
export function stageNamed(text: string): Stage {
  const named = stages.find((stage) => stage.toLowerCase() === text.toLowerCase())
  if (named !== undefined) return named
  return fail(
    'invalid_input',
    `Invalid Model Version stage: ${text.slice(0, 60)}. Value must be one of ${stages.join(', ')}.`,
    { at: 'stage' },
  )
}
