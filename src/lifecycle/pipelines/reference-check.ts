import type { ProjectPath, ReferenceIssue } from '../project/index.ts'
import { inputsOf, formOf, needsOf, outputsOf, type StepForms } from './definition.ts'
import { parseReference, referenceForms } from './reference.ts'
import type { PipelineConfig, PipelinesConfig, StepConfig } from './section.ts'

interface Surroundings {
  readonly forms: StepForms
  readonly datasets: readonly string[]
}

/** Names in the pipelines that point at nothing, steps that wait for each other, and names that cannot be used. */
export function referenceIssues(pipelines: PipelinesConfig, surroundings: Surroundings): ReferenceIssue[] {
  return Object.entries(pipelines).flatMap(([name, pipeline]) => {
    const path = ['pipelines', name, 'steps']
    const issues = Object.entries(pipeline.steps).flatMap(([stepName, step]) => [
      ...reservedName(stepName, [...path, stepName]),
      ...inputIssues({ pipeline, step, path: [...path, stepName] }, surroundings),
      ...needIssues({ pipeline, step, path: [...path, stepName] }),
      ...parameterIssues({ pipeline, step, path: [...path, stepName] }),
    ])
    // A name that points at nothing explains a missing edge better than a cycle would.
    return issues.length > 0 ? issues : cycleIssues(pipeline, path, surroundings.forms)
  })
}

interface Place {
  readonly pipeline: PipelineConfig
  readonly step: StepConfig
  readonly path: ProjectPath
}

function reservedName(name: string, path: ProjectPath): ReferenceIssue[] {
  if (name !== 'data' && name !== 'file') return []
  return [{ path, target: 'key', message: `a step cannot be called "${name}": references use that word` }]
}

function inputIssues({ pipeline, step, path }: Place, { forms, datasets }: Surroundings): ReferenceIssue[] {
  return Object.entries(inputsOf(step, forms)).flatMap(([input, text]): ReferenceIssue[] => {
    const at = inputPath(step, input, { path, forms })
    const reference = parseReference(text)
    if (reference === undefined) {
      return [{ path: at, message: `found "${text}", expected ${referenceForms}` }]
    }
    if (reference.kind === 'file') return []
    if (reference.kind === 'dataset') {
      if (datasets.includes(reference.name)) return []
      return [
        {
          path: at,
          message: `no dataset is called "${reference.name}"`,
          unknown: { name: reference.name, known: datasets },
        },
      ]
    }
    const source = pipeline.steps[reference.step]
    if (source === undefined) return [unknownStep(at, reference.step, pipeline)]
    return outputIssues(reference, { source, at, forms })
  })
}

function outputIssues(
  { step, output }: { readonly step: string; readonly output: string | undefined },
  { source, at, forms }: { source: StepConfig; at: ProjectPath; forms: StepForms },
): ReferenceIssue[] {
  const names = outputsOf(step, source, forms).map(({ name }) => name)
  if (output === undefined) {
    if (names.length === 1) return []
    if (names.length === 0) return [{ path: at, message: `the step "${step}" makes no output` }]
    return [
      {
        path: at,
        message: `the step "${step}" makes ${names.length} outputs; say which one`,
        hint: `One of ${names.map((name) => `${step}.${name}`).join(', ')}.`,
      },
    ]
  }
  if (names.includes(output)) return []
  return [
    {
      path: at,
      message: `the step "${step}" has no output "${output}"`,
      unknown: { name: output, known: names },
    },
  ]
}

/** Where an input stands: under `inputs`, or in the field of the kind's config that has its name. */
function inputPath(
  step: StepConfig,
  input: string,
  { path, forms }: { path: ProjectPath; forms: StepForms },
): ProjectPath {
  if (Object.hasOwn(step.inputs, input)) return [...path, 'inputs', input]
  const form = formOf(step, forms)
  const config = step[form.name]
  const isField = typeof config === 'object' && config !== null && Object.hasOwn(config, input)
  return isField ? [...path, form.name, input] : [...path, form.name]
}

function needIssues({ pipeline, step, path }: Place): ReferenceIssue[] {
  return step.needs.flatMap((need, index) =>
    pipeline.steps[need] === undefined ? [unknownStep([...path, 'needs', index], need, pipeline)] : [],
  )
}

function unknownStep(path: ProjectPath, name: string, pipeline: PipelineConfig): ReferenceIssue {
  return {
    path,
    message: `no step is called "${name}"`,
    unknown: { name, known: Object.keys(pipeline.steps) },
  }
}

function parameterIssues({ pipeline, step, path }: Place): ReferenceIssue[] {
  return Object.entries(step.parameters ?? {}).flatMap(([name, value]) => {
    const wanted = typeof value === 'string' && value.startsWith('$') ? value.slice(1) : undefined
    if (wanted === undefined || Object.hasOwn(pipeline.parameters, wanted)) return []
    return [
      {
        path: [...path, 'parameters', name],
        message: `the pipeline has no parameter "${wanted}"`,
        unknown: { name: wanted, known: Object.keys(pipeline.parameters) },
      },
    ]
  })
}

function cycleIssues(pipeline: PipelineConfig, path: ProjectPath, forms: StepForms): ReferenceIssue[] {
  const finished = new Set<string>()
  const visit = (name: string, trail: readonly string[]): readonly string[] | undefined => {
    if (finished.has(name)) return undefined
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name]
    const step = pipeline.steps[name]
    for (const need of step === undefined ? [] : needsOf(step, forms)) {
      const cycle = visit(need, [...trail, name])
      if (cycle !== undefined) return cycle
    }
    finished.add(name)
    return undefined
  }
  for (const name of Object.keys(pipeline.steps)) {
    const cycle = visit(name, [])
    if (cycle !== undefined) {
      return [
        {
          path: [...path, cycle[0] as string],
          target: 'key',
          message: `these steps wait for each other: ${cycle.join(' → ')}`,
          hint: 'Remove one of the inputs or needs between them.',
        },
      ]
    }
  }
  return []
}
