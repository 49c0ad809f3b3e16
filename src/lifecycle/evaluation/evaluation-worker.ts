import { parentPort } from 'node:worker_threads'
import { messageOf } from '#contract/errors'
import { workInBackground } from '#platform/background-priority'
import { evaluate, type EvaluationInput } from './evaluate.ts'
import { measure } from './measure.ts'
import type { ScoredInput } from './scored-rows.ts'

export type EvaluationWork =
  | { readonly kind: 'measure'; readonly input: ScoredInput; readonly threshold: number }
  | { readonly kind: 'evaluate'; readonly input: EvaluationInput }

workInBackground()
parentPort?.on('message', ({ id, work }: { id: number; work: EvaluationWork }) => {
  try {
    const value =
      work.kind === 'measure' ? measure(work.input, { threshold: work.threshold }) : evaluate(work.input)
    parentPort?.postMessage({ id, value })
  } catch (error) {
    parentPort?.postMessage({ id, error: messageOf(error) })
  }
})
