import type { OutputColumn, RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { ParsedModel } from './parsed-model.ts'
import { createProgramRunner } from './run-program.ts'

/** Scores a batch where it is called, at once. Outputs are the signature's, in its order. */
export type CompiledScorer = (batch: RowBatch) => ScoredRows

export function createCompiledScorer({ program }: ParsedModel): CompiledScorer {
  const runner = createProgramRunner(program)
  const outputs = program.outputs.map(({ slot }) => ({ slot, width: program.slots[slot]?.width ?? 1 }))
  return (batch) => {
    const values = runner.run(batch)
    return {
      rows: batch.rows,
      outputs: outputs.map(({ slot, width }): OutputColumn => ({
        width,
        values: (values[slot] ?? []).slice(0, batch.rows * width),
      })),
    }
  }
}
