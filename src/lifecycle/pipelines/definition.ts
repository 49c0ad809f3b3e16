import { fail } from '#contract/errors'
import type { OutputKind, ParameterValue } from './contract.ts'
import { parseReference } from './reference.ts'
import type { PipelineConfig, StepConfig } from './section.ts'
import type { OutputDeclaration, StepForm } from './step-kind-point.ts'

/** A pipeline as a run keeps it: plain data, so that a run goes on with what it was started with. */
export interface PipelineDefinition {
  readonly name: string
  readonly parameters: Readonly<Record<string, ParameterValue>>
  /** Each step after those that it needs. */
  readonly steps: readonly StepDefinition[]
}

export interface StepDefinition {
  readonly name: string
  readonly kind: string
  readonly config: unknown
  /** Input name → reference, from the config and from `inputs:`. */
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: readonly OutputDeclaration[]
  /** As the step lists them; undefined when it leaves the choice to its kind. */
  readonly parameters: Readonly<Record<string, ParameterValue>> | undefined
  /** Steps that must be finished before it, from `needs:` and from its inputs. */
  readonly needs: readonly string[]
  readonly environment: readonly string[]
  readonly code: readonly string[] | undefined
  readonly seed: number
  readonly retries: number
  readonly retryDelayMs: number
  readonly timeoutMs: number | undefined
  readonly cache: boolean
}

export type StepForms = readonly StepForm[]

/** The form whose key the step has. */
export function formOf(step: StepConfig, forms: StepForms): StepForm {
  return (
    forms.find((form) => step[form.name] !== undefined) ??
    fail('invalid_project', `A step has none of the keys ${forms.map((form) => form.name).join(', ')}.`)
  )
}

/** Every input of a step; what `inputs:` says wins over what the config says. */
export function inputsOf(step: StepConfig, forms: StepForms): Record<string, string> {
  const form = formOf(step, forms)
  return { ...form.inputs?.(step[form.name]), ...step.inputs }
}

export function outputsOf(name: string, step: StepConfig, forms: StepForms): readonly OutputDeclaration[] {
  const form = formOf(step, forms)
  return form.outputs(step[form.name], { name, outputs: declaredOutputs(step) })
}

/** `[model]` → the output "model" at the path `model`; `{ model: model.onnx }` → at that path. */
function declaredOutputs(step: StepConfig): Record<string, string> {
  const { outputs } = step
  if (Array.isArray(outputs)) return Object.fromEntries(outputs.map((output) => [output, output]))
  return outputs
}

/** What a file name says about what is in it. A folder ends with a slash. */
export function outputKindOf(path: string): OutputKind {
  if (path.endsWith('/')) return 'directory'
  if (path.endsWith('.parquet')) return 'table'
  return path.endsWith('.json') ? 'json' : 'file'
}

export function needsOf(step: StepConfig, forms: StepForms): string[] {
  const fromInputs = Object.values(inputsOf(step, forms)).flatMap((text) => {
    const reference = parseReference(text)
    return reference?.kind === 'output' ? [reference.step] : []
  })
  return [...new Set([...step.needs, ...fromInputs])]
}

export function definePipeline(name: string, pipeline: PipelineConfig, forms: StepForms): PipelineDefinition {
  const steps = Object.entries(pipeline.steps).map(([stepName, step]): StepDefinition => {
    const form = formOf(step, forms)
    return {
      name: stepName,
      kind: form.name,
      config: step[form.name],
      inputs: inputsOf(step, forms),
      outputs: outputsOf(stepName, step, forms),
      parameters: step.parameters,
      needs: needsOf(step, forms),
      environment: step.environment,
      code: step.code,
      seed: step.seed ?? 0,
      retries: step.retries,
      retryDelayMs: step.retry_delay,
      timeoutMs: step.timeout,
      cache: step.cache,
    }
  })
  return { name, parameters: pipeline.parameters, steps: inOrder(steps) }
}

/** Each step after those that it needs; steps that need nothing of each other stay as written. */
function inOrder(steps: readonly StepDefinition[]): StepDefinition[] {
  const ordered = new Map<string, StepDefinition>()
  const visit = (step: StepDefinition, path: readonly string[]): void => {
    if (ordered.has(step.name)) return
    if (path.includes(step.name)) {
      fail('invalid_project', `These steps wait for each other: ${[...path, step.name].join(' → ')}.`)
    }
    for (const need of step.needs) {
      const needed = steps.find((candidate) => candidate.name === need)
      if (needed !== undefined) visit(needed, [...path, step.name])
    }
    ordered.set(step.name, step)
  }
  for (const step of steps) visit(step, [])
  return [...ordered.values()]
}

/** A step and everything after it. */
export function downstreamOf(definition: PipelineDefinition, from: string): Set<string> {
  const found = new Set([from])
  for (const step of definition.steps) if (step.needs.some((need) => found.has(need))) found.add(step.name)
  return found
}

/** Steps and everything before them. */
export function upstreamOf(definition: PipelineDefinition, of: readonly string[]): Set<string> {
  const found = new Set(of)
  for (const step of definition.steps.toReversed()) {
    if (found.has(step.name)) for (const need of step.needs) found.add(need)
  }
  return found
}
