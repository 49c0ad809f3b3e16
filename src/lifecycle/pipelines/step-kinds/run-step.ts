import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { fail, messageOf } from '#contract/errors'
import { environmentVariable } from '#platform/config'
import { outputKindOf } from '../definition.ts'
import type { Executor, ExecutorResult } from '../executor-point.ts'
import { findProgram, type SourceDigests } from '../source-digest.ts'
import type { OutputDeclaration, StepContext, StepForm, StepKind, StepProduct } from '../step-kind-point.ts'
import { commandFiles, wordsOf, type CommandLine } from './command-files.ts'
import { layOutStepFiles } from './step-files.ts'

export const runForm: StepForm<CommandLine> = {
  name: 'run',
  summary: 'A command in any language: one line for the shell, or a program and its arguments',
  schema: z.union([z.string().min(1), z.array(z.string()).min(1)]),
  outputs: (_config, step) =>
    Object.entries(step.outputs).map(([name, path]) => ({ name, kind: outputKindOf(path), path })),
}

export interface RunStepOptions {
  readonly executor: Executor
  readonly digests: SourceDigests
  /** Where MLflow clients of the command log to; undefined while no server listens. */
  readonly trackingUri: () => string | undefined
  /** Between asking a command to stop and making it. */
  readonly stopGraceMs?: number
}

const defaultStopGraceMs = 5000

/** Without these most programs do not start or do not find their files. Nothing else is inherited. */
const basicVariables = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER', 'LOGNAME', 'SHELL'] as const

const lockFiles = [
  'requirements.txt',
  'uv.lock',
  'poetry.lock',
  'pixi.lock',
  'conda-lock.yml',
  'environment.yml',
  'package-lock.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'renv.lock',
  'Manifest.toml',
] as const

/** Any command as a step. It finds its files and parameters in its environment. */
export function createRunStep({
  executor,
  digests,
  trackingUri,
  stopGraceMs,
}: RunStepOptions): StepKind<CommandLine> {
  return {
    ...runForm,
    version: '1',
    startsProcesses: true,
    codeFiles: (command, { directory, declared }) =>
      commandFiles(command, { directory, withNeighbours: declared === undefined }),
    codeText: (command) => ({ command: JSON.stringify(command) }),
    settings: () => undefined,
    parametersUsed: async (_command, { all }) => Object.keys(all),
    environment: async (command, { directory }) => ({
      ...(await programOf(command, directory, digests)),
      ...(await lockFilesOf(directory, digests)),
    }),
    run: async (context) => {
      const uri = trackingUri()
      const files = await layOutStepFiles(context, uri === undefined ? {} : { trackingUri: uri })
      const job = await executor.launch({
        command: context.config,
        directory: context.projectDirectory,
        environment: {
          ...basicEnvironment(),
          ...context.environment,
          ...variablesOf('INPUT', files.inputs),
          ...variablesOf('OUTPUT', files.outputs),
          ...variablesOf('PARAM', context.parameters),
          DEVMLOPS_STEP: files.description,
          DEVMLOPS_PIPELINE: context.pipeline,
          DEVMLOPS_PIPELINE_RUN: context.pipelineRunId,
          DEVMLOPS_SEED: String(context.seed),
          ...(uri === undefined ? {} : { MLFLOW_TRACKING_URI: uri }),
        },
        onOutput: context.print,
      })
      const stop = (): void => void job.stop(stopGraceMs ?? defaultStopGraceMs)
      context.signal.addEventListener('abort', stop)
      try {
        await context.keepHandle(job.handle)
        if (context.signal.aborted) stop()
        const result = await job.finished
        context.signal.throwIfAborted()
        if (result.exitCode !== 0) fail('step_failed', `The command ${endOf(result)}.`)
      } catch (error) {
        await job.stop(0)
        throw error
      } finally {
        context.signal.removeEventListener('abort', stop)
      }
      return productsOf(context, files.outputs)
    },
  }
}

function endOf({ exitCode, signal }: ExecutorResult): string {
  if (signal === undefined) return `ended with exit code ${exitCode ?? 'unknown'}`
  return signal === 'SIGKILL'
    ? 'was killed (SIGKILL); the machine may have been out of memory'
    : `was ended by ${signal}`
}

async function productsOf(
  context: StepContext<CommandLine>,
  paths: Readonly<Record<string, string>>,
): Promise<Record<string, StepProduct>> {
  const products: Record<string, StepProduct> = {}
  for (const output of context.outputs)
    products[output.name] = await productOf(output, paths[output.name] ?? '')
  return products
}

async function productOf({ name, kind }: OutputDeclaration, path: string): Promise<StepProduct> {
  const found = await stat(path).catch(() => undefined)
  // An output without a file name may turn out to be a folder.
  if (kind === 'directory' || found?.isDirectory() === true) return { kind: 'directory', path }
  if (kind !== 'json' || found === undefined) return { kind: kind === 'table' ? 'table' : 'file', path }
  try {
    return { kind: 'json', value: JSON.parse(await readFile(path, 'utf8')) as unknown }
  } catch (error) {
    return fail('step_failed', `The output "${name}" is not JSON: ${messageOf(error)}`)
  }
}

function variablesOf(group: string, values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `DEVMLOPS_${group}_${name.toUpperCase().replaceAll('-', '_')}`,
      String(value),
    ]),
  )
}

function basicEnvironment(): Record<string, string> {
  return Object.fromEntries(
    basicVariables.flatMap((name) => {
      const value = environmentVariable(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}

/** The bytes of the interpreter: an upgraded Python is another Python, whatever it is called. */
async function programOf(
  command: CommandLine,
  directory: string,
  digests: SourceDigests,
): Promise<Record<string, string>> {
  const name = wordsOf(command).find((word) => !word.includes('='))
  const path =
    name === undefined
      ? undefined
      : findProgram(name, { directory, searchPath: environmentVariable('PATH') ?? '' })
  return path === undefined || name === undefined ? {} : { [name]: await digests.digestOf(path) }
}

async function lockFilesOf(directory: string, digests: SourceDigests): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of lockFiles) {
    const path = join(directory, name)
    const isFile = (await stat(path).catch(() => undefined))?.isFile() === true
    if (isFile) found[name] = await digests.digestOf(path)
  }
  return found
}
