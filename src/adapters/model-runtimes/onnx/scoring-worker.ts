import { parentPort, workerData } from 'node:worker_threads'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { workInBackground } from '#platform/background-priority'
import { createCompiledScorer, type CompiledScorer } from '../compiled/index.ts'
import { createGarbageCollection } from './collect-garbage.ts'
import { chooseFor, openModel } from './open-model.ts'
import type { SessionScorer } from './session-scorer.ts'
import type { ScoringThreadOptions, WorkerAnswer, WorkerAnswers, WorkerCall } from './worker-messages.ts'

interface HeldModel {
  readonly scorer: SessionScorer
  readonly sizeBytes: number
  /** What scores instead of the session, where that gives the same sooner. */
  compiled: CompiledScorer | undefined
}

const port = parentPort ?? fail('internal', 'The scoring worker runs as a thread only.')
const scorers = new Map<number, HeldModel>()
const collect = createGarbageCollection()
if ((workerData as ScoringThreadOptions).background) workInBackground()

port.on('message', (call: WorkerCall) => {
  void answer(call).then(
    (result) => port.postMessage({ id: call.id, result } satisfies WorkerAnswer, buffersOf(result)),
    (error: unknown) => port.postMessage({ id: call.id, error: describe(error) } satisfies WorkerAnswer),
  )
})

async function answer(call: WorkerCall): Promise<WorkerAnswers[keyof WorkerAnswers]> {
  switch (call.kind) {
    case 'score': {
      const held = scorers.get(call.model)
      const { scorer } = held ?? fail('not_ready', 'The model is not loaded in this worker.')
      const startedAt = performance.now()
      // Whole numbers beyond 2^53 are exact in onnxruntime only.
      const compiled = call.batch.longs === undefined ? held?.compiled : undefined
      const scored = compiled === undefined ? await scorer.score(call.batch) : compiled(call.batch)
      return { ...scored, computeMs: performance.now() - startedAt }
    }
    case 'load': {
      const sizeBytes = call.source.bytes.length
      const { scorer, opened } = await openModel(call.source)
      scorers.set(call.model, { scorer, sizeBytes, compiled: undefined })
      // In a task of its own: now the message with the bytes is still on the stack.
      setImmediate(collect, sizeBytes)
      return opened
    }
    case 'choose': {
      const held = scorers.get(call.model)
      return chooseFor(
        call.source,
        (held ?? fail('not_ready', 'The model is not loaded in this worker.')).scorer,
      )
    }
    case 'compile': {
      const held = scorers.get(call.model)
      if (held !== undefined) held.compiled = createCompiledScorer(call.parsed)
      return undefined
    }
    case 'release': {
      const held = scorers.get(call.model)
      scorers.delete(call.model)
      await held?.scorer.release()
      if (held !== undefined) setImmediate(collect, held.sizeBytes)
      return undefined
    }
  }
}

function buffersOf(result: WorkerAnswers[keyof WorkerAnswers]): ArrayBuffer[] {
  if (result === undefined || !('rows' in result)) return []
  const buffers: ArrayBuffer[] = []
  for (const { values } of result.outputs) {
    if (ArrayBuffer.isView(values)) buffers.push(values.buffer as ArrayBuffer)
  }
  return buffers
}

function describe(error: unknown): NonNullable<WorkerAnswer['error']> {
  if (!(error instanceof DevmlopsError))
    return { code: 'internal', message: messageOf(error), hint: undefined }
  return { code: error.code, message: error.message, hint: error.hint }
}
