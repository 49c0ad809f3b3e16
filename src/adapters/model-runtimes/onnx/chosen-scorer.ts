import type { LoadedModel, RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import { createCompiledScorer, type CompiledScorer, type ParsedModel } from '../compiled/index.ts'
import { scorerProperties, type ScorerChoice } from './scorer-choice.ts'

export interface ChosenScorer extends Pick<LoadedModel, 'score'> {
  readonly properties: Readonly<Record<string, string>>
  /** The graph read, where that is known to give the same scores. */
  readonly parsed: ParsedModel | undefined
  choose(choice: ScorerChoice): void
  release(): void
}

/** Everything in onnxruntime until it is known better; then small batches here and now, where that is cheaper. */
export function createChosenScorer(onnxruntime: (batch: RowBatch) => Promise<ScoredRows>): ChosenScorer {
  let properties: Readonly<Record<string, string>> = {}
  let compiled: CompiledScorer | undefined
  let parsed: ParsedModel | undefined
  let largestRows = 0
  let isReleased = false
  return {
    get properties() {
      return properties
    },
    get parsed() {
      return parsed
    },
    // Whole numbers beyond 2^53 are exact in onnxruntime only.
    score: (batch) =>
      compiled !== undefined && batch.rows <= largestRows && batch.longs === undefined
        ? scoreWith(compiled, batch)
        : onnxruntime(batch),
    choose: (choice) => {
      properties = scorerProperties(choice)
      parsed = choice.parsed
      if (choice.compiled === undefined || isReleased) return
      compiled = createCompiledScorer(choice.compiled.model)
      largestRows = choice.compiled.rows
    },
    release: () => {
      isReleased = true
      compiled = undefined
    },
  }
}

function scoreWith(compiled: CompiledScorer, batch: RowBatch): Promise<ScoredRows> {
  return new Promise((resolve) => resolve(compiled(batch)))
}
