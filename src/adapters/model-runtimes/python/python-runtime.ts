import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fail } from '#contract/errors'
import type {
  AnswerForm,
  LoadedModel,
  ModelRuntime,
  ModelSource,
  SignatureOutput,
} from '#lifecycle/serving/model-runtime-point'
import type { Log } from '#platform/log'
import { batchFrame, scoredRows } from './batch-frame.ts'
import { environmentStore } from './environment.ts'
import { findInterpreter, type Interpreter } from './interpreter.ts'
import { sweepModelFolders, writeModelFolder } from './model-folder.ts'
import { PythonModel } from './python-model.ts'
import { PythonWorker } from './python-worker.ts'
import { readRequirements, requirementFiles } from './requirements.ts'

export interface PythonRuntimeOptions {
  /** Holds the environments and the folders of loaded models. */
  readonly directory: string
  /** The interpreter to use; looked for by the model's version when it is left out. */
  readonly python?: string | undefined
  /** `build`: an environment from the model's own requirements. `as-is`: the interpreter with whatever it has. */
  readonly environment?: 'build' | 'as-is'
  /** Variables of this process that pip and the workers may see, by name. */
  readonly variable: (name: string) => string | undefined
  readonly log: Log
  /** Processes per model; 1 to 4, by the cores, when left out. */
  readonly workers?: number | undefined
  /** How long a load waits for an environment that is being built, which goes on; to its end when left out. */
  readonly buildPatienceMs?: number | undefined
  readonly startTimeoutMs?: number
  readonly scoreTimeoutMs?: number
  readonly recycle?: { readonly calls: number; readonly grownBytes: number }
  /** Told which processes serve a model, after it was loaded. */
  readonly onLoaded?: (label: string, pids: () => readonly number[]) => void
}

const defaultStartTimeoutMs = 180_000
/** MLflow's scoring server gives up after as long. */
const defaultScoreTimeoutMs = 60_000
const buildTimeoutMs = 30 * 60_000
const defaultRecycle = { calls: 1_000_000, grownBytes: 1024 ** 3 }
const mostDefaultWorkers = 4

/** Without these most programs do not start. Tokens and keys of this process are not among them. */
const basicVariables = ['PATH', 'LANG', 'LC_ALL', 'TZ', 'LD_LIBRARY_PATH', 'SYSTEMROOT'] as const
/** Where packages come from, and through what. */
const installVariables = [
  'HOME',
  'USERPROFILE',
  'TMPDIR',
  'XDG_CACHE_HOME',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CONFIG_FILE',
  'PIP_INDEX_URL',
  'PIP_EXTRA_INDEX_URL',
  'PIP_FIND_LINKS',
  'PIP_NO_INDEX',
  'PIP_TRUSTED_HOST',
  'PIP_CERT',
  'PIP_CACHE_DIR',
  'PIP_PROXY',
] as const

/**
 * Scores whatever MLflow's `python_function` can load, in processes of their own: a model that crashes, prints or leaks
 * harms nobody else. A model is a program; it runs as the user of this process, in its own folder, and sees none of this
 * process's variables but those that every program needs.
 */
export function createPythonRuntime(options: PythonRuntimeOptions): ModelRuntime {
  const { log, variable } = options
  const loaded = new Set<() => Promise<void>>()
  const basic = named(basicVariables, variable)
  const installing = { ...basic, ...named(installVariables, variable) }
  const environments = environmentStore({
    directory: join(options.directory, 'environments'),
    environment: installing,
    buildTimeoutMs,
  })
  const folders = join(options.directory, 'models')
  const workers = options.workers ?? Math.max(1, Math.min(mostDefaultWorkers, availableParallelism() - 1))
  let swept: Promise<void> | undefined

  const pythonFor = async (source: ModelSource): Promise<string> => {
    const { label, format } = source
    const asIs = options.environment === 'as-is'
    const interpreter: Interpreter = await findInterpreter({
      configured: options.python,
      // Whoever says "as it is" has decided.
      version: asIs ? undefined : format?.python?.version,
      label,
      environment: installing,
    })
    if (asIs) return interpreter.command
    const logged: Record<string, string> = {}
    for (const name of requirementFiles)
      if (source.paths.includes(name)) logged[name] = Buffer.from(await source.read(name)).toString('utf8')
    const requirements = readRequirements(logged, {
      python: interpreter.version,
      mlflow: format?.python?.mlflow,
    })
    log.info({ model: label, environment: requirements.key }, 'a Python environment is looked for or built')
    const built = environments.python({ label, interpreter, requirements })
    return withPatience(built, label, options.buildPatienceMs)
  }

  const load = async (source: ModelSource): Promise<LoadedModel> => {
    const { label, signature } = source
    if (source.format?.python === undefined)
      fail('invalid_input', `${label} has no \`python_function\` flavour, so MLflow cannot load it.`)
    swept ??= sweepModelFolders(folders)
    await swept
    const python = await pythonFor(source)
    const folder = await writeModelFolder(folders, source)
    const processes = source.python?.workers ?? workers
    const model = new PythonModel({
      label,
      workers: processes,
      startTimeoutMs: options.startTimeoutMs ?? defaultStartTimeoutMs,
      scoreTimeoutMs: source.python?.timeoutMs ?? options.scoreTimeoutMs ?? defaultScoreTimeoutMs,
      recycle: options.recycle ?? defaultRecycle,
      load: { folder: folder.model, inputs: signature.inputs, outputs: signature.outputs },
      onDeath: (reason) => log.warn({ model: label, reason }, 'a Python worker ended'),
      start: (onEnd) =>
        new PythonWorker({
          python,
          directory: folder.work,
          environment: { ...basic, ...workerVariables(folder.work) },
          onEnd,
          onLine: (line) => log.debug({ model: label, line }, 'the model printed'),
        }),
    })
    const release = async (): Promise<void> => {
      loaded.delete(release)
      model.close()
      await folder.remove()
    }
    loaded.add(release)
    try {
      const { header } = await model.open()
      const said = header as unknown as LoadAnswer
      if (said.unscored !== null)
        log.warn({ model: label, reason: said.unscored }, 'a model could not score a row while it was loaded')
      options.onLoaded?.(label, () => model.pids)
      return {
        platform: 'mlflow_python',
        parallelBatches: processes,
        memoryBytes: () => model.residentBytes,
        health: () => model.health,
        outputs: said.outputs,
        answer: said.answer,
        // A model may refuse a row of zeros with good reason.
        isWarm: true,
        score: async (batch, call) => {
          const { header: request, parts } = batchFrame(batch)
          return scoredRows(await model.score(request, parts, call?.deadlineAt), label)
        },
        release,
      }
    } catch (error) {
      await release()
      throw error
    }
  }

  return {
    name: 'python',
    load,
    close: async () => {
      environments.close()
      await Promise.all([...loaded].map((release) => release()))
    },
  }
}

async function withPatience(
  built: Promise<string>,
  label: string,
  patienceMs: number | undefined,
): Promise<string> {
  if (patienceMs === undefined) return built
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined)
  })
  try {
    return (
      (await Promise.race([built, late])) ??
      fail('not_ready', `The Python environment of ${label} is still being built.`, {
        hint: 'It goes on; try again in a minute.',
      })
    )
  } finally {
    clearTimeout(timer)
    built.catch(() => undefined)
  }
}

interface LoadAnswer {
  readonly outputs: readonly SignatureOutput[]
  readonly answer: AnswerForm
  /** Why no row could be scored. */
  readonly unscored: string | null
}

/** Threads of one worker would fight those of the others: parallelism is across workers. */
function workerVariables(work: string): Record<string, string> {
  return {
    HOME: work,
    TMPDIR: work,
    PYTHONNOUSERSITE: '1',
    OMP_NUM_THREADS: '1',
    OPENBLAS_NUM_THREADS: '1',
    MKL_NUM_THREADS: '1',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    DO_NOT_TRACK: 'true',
  }
}

function named(
  names: readonly string[],
  variable: (name: string) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variable(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
