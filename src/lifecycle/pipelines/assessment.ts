import { fail } from '#contract/errors'
import type { BlobStore } from '#platform/blobs/index'
import { cacheKeyOf, changesBetween, flatSettings, type CacheParts } from './cache-key.ts'
import type { Parameters, StepInputRecord, StepOutput } from './contract.ts'
import type { StepDefinition } from './definition.ts'
import { areStored } from './output-store.ts'
import type { PinnedDataset, StepRun } from './pipeline-run.ts'
import type { PipelineProject } from './pipeline-project.ts'
import { parseReference } from './reference.ts'
import { projectPath, type SourceDigests } from './source-digest.ts'
import { codeOf } from './step-code.ts'
import { environmentOf } from './step-environment.ts'
import { kindNamed, type StepKind } from './step-kind-point.ts'
import type { PipelineStore } from './store.ts'

export interface AssessmentTools {
  readonly store: PipelineStore
  readonly blobs: BlobStore
  readonly kinds: readonly StepKind[]
  readonly digests: SourceDigests
}

/** What is known about a run when one of its steps is looked at. */
export interface RunFacts {
  readonly pipeline: string
  readonly project: PipelineProject
  readonly parameters: Parameters
  readonly datasets: Readonly<Record<string, PinnedDataset>>
  /** The outputs of steps that are done; a step that is missing here is still to come. */
  readonly outputs: ReadonlyMap<string, readonly StepOutput[]>
  readonly isForced: (step: string) => boolean
}

export interface Assessment {
  readonly inputs: readonly StepInputRecord[]
  /** Inputs that steps before it have yet to make. */
  readonly pending: readonly string[]
  readonly parameters: Parameters
  readonly parts: CacheParts
  readonly key: string
  /** A step run whose outputs can be taken over. */
  readonly reuse: StepRun | undefined
  readonly reasons: readonly string[]
}

/** Decides whether a step has to run, and says why. Reads no data: digests only. */
export async function assess(
  step: StepDefinition,
  facts: RunFacts,
  tools: AssessmentTools,
): Promise<Assessment> {
  const kind = kindNamed(step.kind, tools.kinds)
  const { inputs, pending } = await resolveInputs(step, facts, tools.digests)
  const parameters = await parametersOf(step, kind, facts)
  const parts: CacheParts = {
    kind: `${kind.name}/${kind.version}`,
    code: await codeOf(step, kind, { project: facts.project, digests: tools.digests }),
    data: Object.fromEntries(inputs.map(({ name, digest, label }) => [name, { digest, label }])),
    parameters: settingsOf(step, kind, parameters),
    environment: await environmentOf(step, kind, facts.project),
  }
  const known = { inputs, pending, parameters, parts, key: cacheKeyOf(parts) }
  const last = await tools.store.lastOf(facts.pipeline, step.name)
  if (pending.length > 0) return { ...known, reuse: undefined, reasons: pendingReasons(known, last) }
  if (facts.isForced(step.name)) return { ...known, reuse: undefined, reasons: ['it was asked for'] }
  if (!step.cache) return { ...known, reuse: undefined, reasons: ['it has cache: false'] }
  const made = await tools.store.madeWithKey(known.key)
  const stored = made !== undefined && (await areStored(tools.blobs, made.outputs))
  if (stored) return { ...known, reuse: made, reasons: [`unchanged since run ${made.runId}`] }
  return { ...known, reuse: undefined, reasons: reasonsToRun(parts, last, made) }
}

function reasonsToRun(parts: CacheParts, last: StepRun | undefined, made: StepRun | undefined): string[] {
  if (made !== undefined) return ['what it made is no longer stored']
  if (last?.cacheParts === undefined) return ['it has never run']
  const changes = changesBetween(last.cacheParts, parts)
  if (changes.length > 0) return changes
  if (last.state === 'failed') return ['it failed the last time']
  if (last.state === 'cancelled') return ['it was cancelled the last time']
  if (last.state === 'running') return ['it was cut off the last time']
  return ['its code changed while it ran the last time']
}

function pendingReasons(
  { parts, pending }: Pick<Assessment, 'parts' | 'pending'>,
  last: StepRun | undefined,
): string[] {
  const waits = pending.map((name) => `data: ${name} is still to be made by a step before it`)
  if (last?.cacheParts === undefined) return ['it has never run']
  const before = {
    ...last.cacheParts,
    data: Object.fromEntries(Object.entries(last.cacheParts.data).filter(([name]) => name in parts.data)),
  }
  const changes = changesBetween(before, parts).filter((line) => !line.startsWith('data: '))
  return [...changes, ...waits]
}

async function resolveInputs(
  step: StepDefinition,
  { datasets, outputs, project }: RunFacts,
  digests: SourceDigests,
): Promise<{ inputs: StepInputRecord[]; pending: string[] }> {
  const inputs: StepInputRecord[] = []
  const pending: string[] = []
  for (const [name, text] of Object.entries(step.inputs)) {
    const reference = parseReference(text) ?? fail('invalid_project', `"${text}" is not a reference.`)
    if (reference.kind === 'dataset') {
      const pinned = datasets[text] ?? fail('internal', `The run has no version of ${text}.`)
      inputs.push({
        name,
        reference: text,
        label: `${pinned.name}@${pinned.version}`,
        digest: pinned.digest,
      })
    } else if (reference.kind === 'file') {
      const digest = await digests.digestOf(projectPath(project.directory, reference.path))
      inputs.push({ name, reference: text, label: reference.path, digest })
    } else {
      const made = outputs.get(reference.step)
      if (made === undefined) pending.push(name)
      else {
        const output = findOutput(text, made)
        inputs.push({ name, reference: text, label: text, digest: output.digest })
      }
    }
  }
  return { inputs, pending }
}

/** The output that `prepare.training` or, of a step with one output, `prepare` stands for. */
export function findOutput(text: string, outputs: readonly StepOutput[]): StepOutput {
  const reference = parseReference(text)
  const wanted = reference?.kind === 'output' ? reference.output : undefined
  const found =
    wanted === undefined && outputs.length === 1
      ? outputs[0]
      : outputs.find((output) => output.name === wanted)
  return found ?? fail('step_failed', `No output is called ${text}.`)
}

async function parametersOf(step: StepDefinition, kind: StepKind, facts: RunFacts): Promise<Parameters> {
  const all = facts.parameters
  if (step.parameters !== undefined) {
    const entries = Object.entries(step.parameters).map(([name, value]) => {
      const wanted = typeof value === 'string' && value.startsWith('$') ? value.slice(1) : undefined
      return [name, wanted === undefined ? value : (all[wanted] ?? value)] as const
    })
    return Object.fromEntries(entries)
  }
  const used = await kind.parametersUsed?.(step.config, { directory: facts.project.directory, all })
  return Object.fromEntries(Object.entries(all).filter(([name]) => used?.includes(name) === true))
}

function settingsOf(step: StepDefinition, kind: StepKind, parameters: Parameters): Record<string, string> {
  const settings = kind.settings === undefined ? step.config : kind.settings(step.config)
  return {
    ...flatSettings(parameters),
    ...(settings === undefined ? {} : flatSettings(settings, kind.name)),
    ...flatSettings(
      step.outputs.map(({ name, path }) => (path === undefined ? name : `${name}: ${path}`)),
      'outputs',
    ),
    ...(step.seed === 0 ? {} : { seed: String(step.seed) }),
  }
}
