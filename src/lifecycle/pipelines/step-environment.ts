import { createHash } from 'node:crypto'
import { environmentVariable } from '#platform/config'
import type { StepDefinition } from './definition.ts'
import type { PipelineProject } from './pipeline-project.ts'
import type { StepKind } from './step-kind-point.ts'

/** What else a step depends on; values of variables only as digests. */
export async function environmentOf(
  step: StepDefinition,
  kind: StepKind,
  project: PipelineProject,
): Promise<Record<string, string>> {
  const variables: Record<string, string> = {}
  const values = stepEnvironment(step, kind, project)
  const names = [
    ...step.environment,
    ...(kind.startsProcesses === true ? Object.keys(project.environment) : []),
  ]
  for (const name of names) {
    const value = values[name]
    variables[`$${name}`] = value === undefined ? 'unset' : secretDigest(name, value)
  }
  return {
    platform: `${process.platform}-${process.arch}`,
    ...(await kind.environment?.(step.config, { directory: project.directory })),
    ...variables,
  }
}

/** The variables that a step sees besides those every process needs. */
export function stepEnvironment(
  step: StepDefinition,
  kind: StepKind,
  project: PipelineProject,
): Record<string, string> {
  const found: Record<string, string> = kind.startsProcesses === true ? { ...project.environment } : {}
  for (const name of step.environment) {
    const value = environmentVariable(name) ?? project.environment[name]
    if (value !== undefined) found[name] = value
  }
  return found
}

/** Enough to see a change, too little to find the value from. */
function secretDigest(name: string, value: string): string {
  return createHash('sha256').update(`${name}\0${value}`).digest('hex').slice(0, 16)
}
