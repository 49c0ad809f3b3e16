import { fail } from '#contract/errors'
import { nearestName } from '#platform/nearest-name'
import { assess, type Assessment, type AssessmentTools, type RunFacts } from './assessment.ts'
import type { Parameters, PlannedStep, StepOutput } from './contract.ts'
import type { DatasetPoint } from './dataset-point.ts'
import { definePipeline, upstreamOf, type PipelineDefinition, type StepForms } from './definition.ts'
import { parameterValues } from './parameter-values.ts'
import type { PinnedDataset, Selection } from './pipeline-run.ts'
import type { PipelineProject } from './pipeline-project.ts'
import { parseReference } from './reference.ts'
import { forcedSteps } from './run-execution.ts'

export interface RunRequest extends Selection {
  readonly pipeline: string
  readonly parameters: Parameters
}

/** A request with everything filled in that stays fixed while the run goes on. */
export interface PreparedRun {
  readonly definition: PipelineDefinition
  readonly parameters: Parameters
  readonly selection: Selection
  readonly datasets: Readonly<Record<string, PinnedDataset>>
}

export async function prepareRun(
  request: RunRequest,
  {
    project,
    kinds,
    datasets,
  }: { readonly project: PipelineProject; readonly kinds: StepForms; readonly datasets: DatasetPoint },
): Promise<PreparedRun> {
  const config = project.pipelines[request.pipeline] ?? failUnknownPipeline(request.pipeline, project)
  const whole = definePipeline(request.pipeline, config, kinds)
  const { force, only, from } = request
  const named = [
    ...only,
    ...(Array.isArray(force) ? (force as string[]) : []),
    ...(from === undefined ? [] : [from]),
  ]
  for (const name of named) requireStep(name, whole)
  const wanted = upstreamOf(whole, only)
  const definition =
    only.length === 0 ? whole : { ...whole, steps: whole.steps.filter(({ name }) => wanted.has(name)) }
  return {
    definition,
    parameters: parameterValues(request.pipeline, config.parameters, request.parameters),
    selection: { force, only, ...(from === undefined ? {} : { from }) },
    datasets: await pinDatasets(definition, datasets),
  }
}

/** Looks at every step without running any. */
export async function planSteps(
  prepared: PreparedRun,
  project: PipelineProject,
  tools: AssessmentTools,
): Promise<{ step: PlannedStep; assessment: Assessment }[]> {
  const outputs = new Map<string, readonly StepOutput[]>()
  const facts: RunFacts = {
    pipeline: prepared.definition.name,
    project,
    parameters: prepared.parameters,
    datasets: prepared.datasets,
    outputs,
    isForced: forcedSteps(prepared),
  }
  const planned: { step: PlannedStep; assessment: Assessment }[] = []
  for (const step of prepared.definition.steps) {
    const assessment = await assess(step, facts, tools)
    const { reuse, pending, reasons } = assessment
    if (reuse !== undefined) outputs.set(step.name, reuse.outputs)
    const undecided = pending.length > 0 && reasons.every((reason) => reason.startsWith('data: '))
    const action = reuse !== undefined ? 'cached' : undecided && step.cache ? 'decided-later' : 'run'
    const { name, kind, needs } = step
    planned.push({ assessment, step: { step: name, kind, needs: [...needs], action, reasons: [...reasons] } })
  }
  return planned
}

async function pinDatasets(
  definition: PipelineDefinition,
  datasets: DatasetPoint,
): Promise<Record<string, PinnedDataset>> {
  const pinned: Record<string, PinnedDataset> = {}
  const references = definition.steps.flatMap((step) => Object.values(step.inputs))
  for (const text of new Set(references)) {
    if (parseReference(text)?.kind !== 'dataset') continue
    const { name, version, digest } = await datasets.resolveDataset(text.slice('data.'.length))
    pinned[text] = { name, version, digest }
  }
  return pinned
}

function requireStep(name: string, { name: pipeline, steps }: PipelineDefinition): void {
  const names = steps.map((step) => step.name)
  if (names.includes(name)) return
  const meant = nearestName(name, names)
  fail('invalid_input', `The pipeline "${pipeline}" has no step "${name}".`, {
    hint: meant === undefined ? `It has ${names.join(', ')}.` : `Did you mean ${meant}?`,
  })
}

function failUnknownPipeline(name: string, { pipelines }: PipelineProject): never {
  const names = Object.keys(pipelines)
  const meant = nearestName(name, names)
  return fail('not_found', `The project has no pipeline "${name}".`, {
    hint:
      meant !== undefined
        ? `Did you mean ${meant}?`
        : names.length === 0
          ? 'Add one under `pipelines:` in devmlops.yaml.'
          : `It has ${names.join(', ')}.`,
  })
}
