import { parentPort } from 'node:worker_threads'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import { openModel } from './open-model.ts'
import type { SessionScorer } from './session-scorer.ts'
import type { WorkerAnswer, WorkerAnswers, WorkerCall } from './worker-messages.ts'

const port = parentPort ?? fail('internal', 'The scoring worker runs as a thread only.')
const scorers = new Map<number, SessionScorer>()

port.on('message', (call: WorkerCall) => {
  void answer(call).then(
    (result) => port.postMessage({ id: call.id, result } satisfies WorkerAnswer, buffersOf(result)),
    (error: unknown) => port.postMessage({ id: call.id, error: describe(error) } satisfies WorkerAnswer),
  )
})

async function answer(call: WorkerCall): Promise<WorkerAnswers[keyof WorkerAnswers]> {
  switch (call.kind) {
    case 'score': {
      const scorer = scorers.get(call.model) ?? fail('not_ready', 'The model is not loaded in this worker.')
      const startedAt = performance.now()
      const scored = await scorer.score(call.batch)
      return { ...scored, computeMs: performance.now() - startedAt }
    }
    case 'load': {
      const { scorer, opened } = await openModel(call.source)
      scorers.set(call.model, scorer)
      return opened
    }
    case 'release':
      await scorers.get(call.model)?.release()
      scorers.delete(call.model)
      return undefined
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
