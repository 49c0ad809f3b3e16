import { Worker } from 'node:worker_threads'
import { DevmlopsError, fail, fromProblem, messageOf } from '#contract/errors'
import type { Problem } from '#contract/errors'
import type { Frame } from '#platform/tables/frame'
import type { Candidate } from './contract.ts'
import type { FittedModel, TrainingRequest } from './fit-model.ts'
import { shareFrame } from './shared-frame.ts'
import type { TrainingProgress } from './trainer-point.ts'

/** What all candidates learn from. */
export type TrainingData = Omit<TrainingRequest, 'parameters' | 'onProgress'>

export interface CandidateWork {
  readonly data: TrainingData
  readonly candidates: readonly Candidate[]
  /** Threads at most; each candidate trains on one. */
  readonly concurrency: number
  /** URL of a module that exports `trainers`, from `import.meta.resolve`: functions cannot be handed to a thread. */
  readonly trainersModule: string
  readonly signal?: AbortSignal
  readonly onProgress?: (candidate: Candidate, progress: TrainingProgress) => void
  readonly onFinished?: (outcome: CandidateOutcome) => void
}

export type CandidateOutcome = TrainedOutcome | FailedOutcome

export interface TrainedOutcome {
  readonly status: 'trained'
  readonly candidate: Candidate
  readonly model: FittedModel
  readonly fitSeconds: number
}

export interface FailedOutcome {
  readonly status: 'failed'
  readonly candidate: Candidate
  readonly error: DevmlopsError
  readonly fitSeconds: number
}

export interface WorkerInput {
  readonly data: TrainingData
  readonly candidate: Candidate
  readonly trainersModule: string
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'trained'; readonly model: FittedModel }
  | { readonly kind: 'failed'; readonly problem: Problem }

/**
 * Trains candidates side by side, one thread each, on the same memory. What goes wrong with one candidate, down to a
 * crash of its thread, is that candidate's outcome; the others go on. Outcomes come in the order of the candidates.
 *
 * @throws `cancelled` when the signal is aborted; threads are gone by then
 */
export async function fitCandidates(work: CandidateWork): Promise<CandidateOutcome[]> {
  const data = shareData(work.data)
  const outcomes: CandidateOutcome[] = []
  let next = 0
  const run = async (): Promise<void> => {
    for (let at = next++; at < work.candidates.length; at = next++) {
      throwIfAborted(work.signal)
      const outcome = await fitInThread(work, data, work.candidates[at] as Candidate)
      outcomes[at] = outcome
      work.onFinished?.(outcome)
    }
  }
  const threads = Math.max(1, Math.min(work.concurrency, work.candidates.length))
  await Promise.all(Array.from({ length: threads }, run))
  return outcomes
}

function shareData(data: TrainingData): TrainingData {
  const shared = (frame: Frame): Frame => shareFrame(frame, columnsOf(data))
  return {
    ...data,
    frame: shared(data.frame),
    ...(data.validation === undefined ? {} : { validation: shared(data.validation) }),
  }
}

function columnsOf({ label, weight, features }: TrainingData): string[] {
  return [label, ...(weight === undefined ? [] : [weight]), ...features.map(({ name }) => name)]
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) fail('cancelled', 'Training was cancelled.')
}

async function fitInThread(
  work: CandidateWork,
  data: TrainingData,
  candidate: Candidate,
): Promise<CandidateOutcome> {
  const started = performance.now()
  // Resolved by name, because the file ends in .ts here and in .js where the program is installed.
  const worker = new Worker(new URL(import.meta.resolve('#lifecycle/training/candidate-worker')), {
    workerData: { data, candidate, trainersModule: work.trainersModule } satisfies WorkerInput,
  })
  const stop = (): void => void worker.terminate()
  work.signal?.addEventListener('abort', stop, { once: true })
  try {
    const result = await resultOf(worker, (progress) => work.onProgress?.(candidate, progress))
    throwIfAborted(work.signal)
    return { ...result, candidate, fitSeconds: (performance.now() - started) / 1000 }
  } finally {
    work.signal?.removeEventListener('abort', stop)
    await worker.terminate()
  }
}

type ThreadResult = Pick<TrainedOutcome, 'status' | 'model'> | Pick<FailedOutcome, 'status' | 'error'>

function resultOf(worker: Worker, onProgress: (progress: TrainingProgress) => void): Promise<ThreadResult> {
  return new Promise((resolve) => {
    const failed = (what: string): void =>
      resolve({
        status: 'failed',
        error: new DevmlopsError('training_failed', `The training thread ${what}.`, {
          hint: 'The other candidates are not affected. If memory ran out, train on fewer rows or with smaller settings.',
        }),
      })
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') onProgress(message.progress)
      else if (message.kind === 'trained') resolve({ status: 'trained', model: message.model })
      else resolve({ status: 'failed', error: fromProblem(message.problem, 'training failed') })
    })
    worker.once('error', (error: unknown) => failed(`crashed: ${messageOf(error)}`))
    worker.once('exit', (code) => failed(`ended with code ${code} before the model was there`))
  })
}
