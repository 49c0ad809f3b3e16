import type * as z from 'zod'
import { fail } from '#contract/errors'
import type { CodeVersion, OutputKind, ParameterValue, Parameters, Progress, Trigger } from './contract.ts'
import type { ExecutorHandle } from './executor-point.ts'

/**
 * How a kind of step is written: one key of a step in devmlops.yaml (`sql: …`, `train: …`) and the config under it. Plain
 * data and pure functions, so that the project file can be checked without opening anything.
 */
export interface StepForm<Config = unknown> {
  readonly name: string
  readonly summary: string
  readonly schema: z.ZodType<Config>
  /** References in the config, by input name; `inputs:` of the step is added. The name is the config's field, where it is one. */
  inputs?(config: Config): Readonly<Record<string, string>>
  outputs(config: Config, step: StepFields): readonly OutputDeclaration[]
}

/**
 * Extension point: what a step can be.
 *
 * A kind's outputs may depend on its config, its code files, its inputs, the parameters it uses and the environment it
 * names, and on nothing else: that is what makes it right to reuse them.
 */
export interface StepKind<Config = unknown> extends StepForm<Config> {
  /** Changes when the kind would make something else of the same inputs. */
  readonly version: string
  /** It uses every core by itself, so nothing else runs beside it. */
  readonly usesAllCores?: boolean
  /** It starts processes that see the project's environment variables, so those count for the cache. */
  readonly startsProcesses?: boolean
  /** Files that the config names, relative to the project. */
  codeFiles?(
    config: Config,
    project: ProjectFolder & { readonly declared: readonly string[] | undefined },
  ): Promise<readonly string[]>
  /** Source text that stands in the config itself, by a name for it. */
  codeText?(config: Config): Readonly<Record<string, string>>
  /** What of the config counts as parameters; all of it when left out. */
  settings?(config: Config): unknown
  /** Which of the pipeline's parameters it uses, where the step does not list them; none when left out. */
  parametersUsed?(config: Config, context: ProjectFolder & { readonly all: Parameters }): Promise<string[]>
  /** Whatever else the outputs depend on: the version of a program, which model is champion. */
  environment?(config: Config, project: ProjectFolder): Promise<Readonly<Record<string, string>>>
  run(context: StepContext<Config>): Promise<Readonly<Record<string, StepProduct>>>
}

interface ProjectFolder {
  /** Absolute. */
  readonly directory: string
}

/** The fields of a step in devmlops.yaml besides its kind. */
interface StepFields {
  readonly name: string
  readonly outputs: Readonly<Record<string, string>>
}

export interface OutputDeclaration {
  readonly name: string
  readonly kind: OutputKind
  /** Where a command writes it, relative to the output folder. */
  readonly path?: string
}

/** What a kind hands back for each output; the stage stores it. Paths are in the work folder. */
export type StepProduct =
  | { readonly kind: 'table'; readonly path: string; readonly rows?: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'json'; readonly value: unknown }

export interface StepInput {
  readonly name: string
  readonly reference: string
  /** For people and lineage: `flights@3`, `prepare.training`. */
  readonly label: string
  readonly digest: string
  readonly kind: 'dataset' | OutputKind
  /** On this machine, read-only. `name` is what the file should be called, since stored bytes have no names. */
  readonly files: readonly { readonly path: string; readonly name: string }[]
  /** A DuckDB FROM expression, where the input is a table. */
  readonly relation?: string
  readonly allowedPaths: readonly string[]
}

export interface StepContext<Config = unknown> {
  readonly config: Config
  readonly pipeline: string
  readonly step: string
  readonly pipelineRunId: string
  readonly stepRunId: string
  readonly attempt: number
  readonly actor: string
  readonly trigger: Trigger
  readonly code: CodeVersion | undefined
  readonly projectDirectory: string
  readonly inputs: Readonly<Record<string, StepInput>>
  readonly parameters: Readonly<Record<string, ParameterValue>>
  readonly outputs: readonly OutputDeclaration[]
  readonly seed: number
  /** Variables that the project and the step name, with their values. May hold secrets: pass on, never store. */
  readonly environment: Readonly<Record<string, string>>
  /** An empty folder that is removed afterwards. */
  readonly workDirectory: string
  /** Aborted by a cancel, a time limit or the end of the process. A kind that goes on is left behind. */
  readonly signal: AbortSignal
  log(line: string): void
  /** Raw bytes for the log. */
  print(chunk: Uint8Array): void
  progress(progress: Progress): void
  /** Keeps what an executor started, so that a later process can stop it. */
  keepHandle(handle: ExecutorHandle): Promise<void>
}

export function kindNamed(name: string, kinds: readonly StepKind[]): StepKind {
  return (
    kinds.find((kind) => kind.name === name) ??
    fail('conflict', `This program has no step kind "${name}".`, {
      hint: 'The run was started by another version of DevMLOps; start it again.',
    })
  )
}
