import { parentPort } from 'node:worker_threads'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { createGarbageCollection } from './collect-garbage.ts'
import { chooseFor, openModel } from './open-model.ts'
import type { SessionScorer } from './session-scorer.ts'
import type { WorkerAnswer, WorkerAnswers, WorkerCall } from './worker-messages.ts'

const port = parentPort ?? fail('internal', 'The scoring worker runs as a thread only.')
const scorers = new Map<number, { readonly scorer: SessionScorer; readonly sizeBytes: number }>()
const collect = createGarbageCollection()

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
      const scored = await scorer.score(call.batch)
      return { ...scored, computeMs: performance.now() - startedAt }
    }
    case 'load': {
      const sizeBytes = call.source.bytes.length
      const { scorer, opened } = await openModel(call.source)
      scorers.set(call.model, { scorer, sizeBytes })
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
