import { parentPort } from 'node:worker_threads'
import { DevmlopsError, fail, messageOf } from '#contract/errors'
import type { ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { WorkerAnswer, WorkerCall } from './worker-messages.ts'
import { createSessionScorer, type SessionScorer } from './session-scorer.ts'

const port = parentPort ?? fail('internal', 'The scoring worker runs as a thread only.')
const scorers = new Map<number, SessionScorer>()

port.on('message', (call: WorkerCall) => {
  void answer(call).then(
    (scored) => port.postMessage({ id: call.id, scored } satisfies WorkerAnswer, buffersOf(scored)),
    (error: unknown) => port.postMessage({ id: call.id, error: describe(error) } satisfies WorkerAnswer),
  )
})

async function answer(call: WorkerCall): Promise<ScoredRows | undefined> {
  switch (call.kind) {
    case 'score':
      return (scorers.get(call.model) ?? fail('not_ready', 'The model is not loaded in this worker.')).score(
        call.batch,
      )
    case 'load':
      // A copy: onnxruntime does not read memory that threads share.
      scorers.set(
        call.model,
        await createSessionScorer({ ...call.source, bytes: new Uint8Array(call.source.bytes) }),
      )
      return undefined
    case 'release':
      await scorers.get(call.model)?.release()
      scorers.delete(call.model)
      return undefined
  }
}

function buffersOf(scored: ScoredRows | undefined): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = []
  for (const { values } of scored?.outputs ?? []) {
    if (ArrayBuffer.isView(values)) buffers.push(values.buffer as ArrayBuffer)
  }
  return buffers
}

function describe(error: unknown): NonNullable<WorkerAnswer['error']> {
  if (!(error instanceof DevmlopsError))
    return { code: 'internal', message: messageOf(error), hint: undefined }
  return { code: error.code, message: error.message, hint: error.hint }
}
