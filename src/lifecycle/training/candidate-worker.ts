import { parentPort, workerData } from 'node:worker_threads'
import { toProblem } from '#contract/errors'
import { workInBackground } from '#platform/background-priority'
import type { WorkerInput, WorkerMessage } from './candidate-pool.ts'
import { fitModel } from './fit-model.ts'
import { trainerFor } from './trainer-choice.ts'
import type { Trainer, TrainingProgress } from './trainer-point.ts'

/** Progress is for people: more often than this, nobody could read it. */
const progressIntervalMs = 100

/** The whole program of a training thread: one candidate, one answer. */
async function main({ data, candidate, trainersModule }: WorkerInput): Promise<void> {
  workInBackground()
  const { trainers } = (await import(trainersModule)) as { trainers: readonly Trainer[] }
  const trainer = trainerFor(candidate.trainer, trainers, data.task)
  let reported = 0
  const onProgress = (progress: TrainingProgress): void => {
    const now = performance.now()
    if (now - reported < progressIntervalMs && progress.iteration < progress.iterations) return
    reported = now
    send({ kind: 'progress', progress })
  }
  const model = fitModel(trainer, { ...data, parameters: candidate.parameters, onProgress })
  send({ kind: 'trained', model }, [model.onnx.buffer as ArrayBuffer])
}

function send(message: WorkerMessage, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

try {
  await main(workerData as WorkerInput)
} catch (error) {
  send({ kind: 'failed', problem: toProblem(error) })
}
