import { availableParallelism } from 'node:os'
import { fail } from '#contract/errors'
import type {
  LoadedModel,
  ModelExplainer,
  ModelRuntime,
  ModelSource,
} from '#lifecycle/serving/model-runtime-point'
import type { ParsedModel } from '../compiled/index.ts'
import { createChosenScorer } from './chosen-scorer.ts'
import { openModel, type OpenedModel, type ScorerSource } from './open-model.ts'
import { createScoringLanes } from './scoring-lanes.ts'

export interface OnnxRuntimeOptions {
  /**
   * Worker threads, each with a session per model; the default leaves one core to HTTP. 0 scores on the calling thread,
   * which is for measuring and for command-line use only: everything else waits meanwhile.
   */
  readonly threads?: number
  /** `onnxruntime` scores everything there; the default lets small models be scored where the request is, where that is cheaper. */
  readonly scorer?: 'measured' | 'onnxruntime'
  /** The threads step back behind whoever answers requests; for work that nobody waits for. */
  readonly background?: boolean
  /** Called when a thread died and was replaced. */
  readonly onThreadDeath?: (reason: string) => void
}

const modelFile = 'model.onnx'

/** Scores ONNX models with onnxruntime on worker threads, and small batches of small models at once. */
export function createOnnxRuntime(options: OnnxRuntimeOptions = {}): ModelRuntime {
  const threadCount = options.threads ?? Math.max(1, availableParallelism() - 1)
  if (threadCount === 0) return inlineRuntime()
  const { onThreadDeath: onDeath, background = false } = options
  const threads = createScoringLanes(threadCount, { onDeath, background })
  const chooses = options.scorer !== 'onnxruntime'
  return {
    name: 'onnx',
    load: async (source) => {
      const { number, opened } = await threads.load(() => readSource(source))
      const scorer = createChosenScorer((batch) => threads.score(number, batch))
      const choose = async (): Promise<void> => {
        const choice = await threads.choose(number)
        scorer.choose(choice)
        if (choice.isCompiled === true && choice.parsed !== undefined)
          await threads.compile(number, choice.parsed)
      }
      const chosen = chooses ? choose().catch(() => undefined) : undefined
      return {
        ...factsOf(opened),
        parallelBatches: threadCount,
        settled: chosen,
        get properties() {
          return scorer.properties
        },
        explainer: explainerOf(async () => {
          await chosen
          return scorer.parsed
        }, source),
        score: scorer.score,
        release: () => {
          scorer.release()
          return threads.release(number)
        },
      }
    },
    close: () => threads.close(),
  }
}

/** Made when someone asks why, and once: most processes are only asked what. */
function explainerOf(
  read: () => Promise<ParsedModel | undefined>,
  { signature }: ModelSource,
): NonNullable<LoadedModel['explainer']> {
  const make = async (): Promise<ModelExplainer | undefined> => {
    const parsed = await read()
    if (parsed === undefined) return undefined
    const { createModelExplainer } = await import('../explain/index.ts')
    return createModelExplainer(parsed, signature.inputs.length)
  }
  let made: ReturnType<typeof make> | undefined
  return () => (made ??= make())
}

function inlineRuntime(): ModelRuntime {
  return {
    name: 'onnx',
    load: async (source) => {
      const { scorer, opened } = await openModel(await readSource(source))
      return { ...factsOf(opened), parallelBatches: 1, ...scorer }
    },
    close: () => Promise.resolve(),
  }
}

function factsOf({
  outputs,
  renamed,
}: OpenedModel): Pick<LoadedModel, 'platform' | 'outputs' | 'answer' | 'isWarm'> {
  return {
    platform: 'onnx_onnxv1',
    outputs,
    answer: renamed === undefined ? undefined : { form: 'records', columns: renamed },
    isWarm: false,
  }
}

/** The graph on raw columns that training makes, or one that another program made and MLflow's clients logged. */
async function readSource({ label, signature, format, paths, read }: ModelSource): Promise<ScorerSource> {
  const path = format === undefined ? modelFile : format.onnx?.path
  if (path === undefined || !paths.includes(path)) {
    return fail('invalid_input', `${label} has no file ${path ?? modelFile}.`, {
      hint: `Its files: ${paths.join(', ') || 'none'}.`,
    })
  }
  return { label, signature, bytes: await read(path), isForeign: format !== undefined }
}
