import { fail } from '#contract/errors'
import type { ModelScorer, ScorableModel } from '#lifecycle/evaluation/scorer-point'
import type { LoadedModel, ModelRuntime, RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/serving/plan'
import type { Frame } from '#platform/tables/index'

/** Large enough that a call costs nothing beside its rows, small enough to keep both threads busy to the end. */
const rowsPerBatch = 16_384

/** Scores whole tables with a serving runtime, several batches at a time. */
export function frameScorer(runtime: ModelRuntime): ModelScorer {
  return {
    score: async (model, frame) => {
      const loaded = await loadScorable(runtime, model)
      try {
        return await scoreFrame(loaded, model, frame)
      } finally {
        await loaded.release()
      }
    },
  }
}

/** Loads a model as it will be served. */
export function loadScorable(runtime: ModelRuntime, model: ScorableModel): Promise<LoadedModel> {
  return runtime.load({
    label: model.label,
    signature: signatureOf(model),
    format: model.format,
    paths: model.paths,
    read: (path) => model.read(path),
  })
}

async function scoreFrame(loaded: LoadedModel, model: ScorableModel, frame: Frame): Promise<Float64Array> {
  const scores = new Float64Array(frame.rows)
  const index = scoreOutput(loaded, model.label)
  let next = 0
  const work = async (): Promise<void> => {
    while (next < frame.rows) {
      const start = next
      next = Math.min(frame.rows, next + rowsPerBatch)
      const { outputs } = await loaded.score(batchOf(model, frame, { start, end: next }))
      const { values, width = 1 } = outputs[index] ?? {}
      const name = loaded.outputs[index]?.name
      if (!(values instanceof Float32Array || values instanceof Float64Array)) {
        fail('invalid_input', `${model.label}: its output "${name}" is not a number.`)
      }
      if (width !== 1) {
        fail(
          'invalid_input',
          `${model.label}: its output "${name}" has ${width} values a row; a score is one.`,
        )
      }
      scores.set(values, start)
    }
  }
  await Promise.all(Array.from({ length: loaded.parallelBatches }, work))
  return scores
}

function scoreOutput({ outputs }: LoadedModel, label: string): number {
  const index = outputs.findIndex(({ name }) => name === 'probability' || name === 'prediction')
  if (index !== -1) return index
  const first = outputs.findIndex(({ type }) => type === 'float' || type === 'double')
  return first === -1 ? fail('invalid_input', `${label}: none of its outputs is a score.`) : first
}

function batchOf(
  model: ScorableModel,
  frame: Frame,
  { start, end }: { start: number; end: number },
): RowBatch {
  const rows = end - start
  const numeric = model.inputs.filter(({ type }) => type !== 'string')
  const numbers = new Float64Array(numeric.length * rows)
  for (const [at, { name }] of numeric.entries()) {
    const column = columnOf(model, frame, name)
    if (column.kind !== 'number')
      fail('invalid_input', `${model.label} takes numbers in "${name}", and the table has text.`)
    numbers.set(column.values.subarray(start, end), at * rows)
  }
  const texts = model.inputs
    .filter(({ type }) => type === 'string')
    .map(({ name }) => {
      const column = columnOf(model, frame, name)
      if (column.kind !== 'category')
        fail('invalid_input', `${model.label} takes text in "${name}", and the table has numbers.`)
      return Array.from(column.codes.subarray(start, end), (code) =>
        code === -1 ? '' : (column.levels[code] as string),
      )
    })
  return { rows, numbers, texts }
}

function columnOf(model: ScorableModel, frame: Frame, name: string) {
  return (
    frame.columns[name] ??
    fail('invalid_input', `${model.label} needs the column "${name}", which the table does not have.`, {
      hint: `It has ${Object.keys(frame.columns).join(', ')}.`,
    })
  )
}

function signatureOf({ inputs, outputs }: ScorableModel): ModelSignature {
  return { inputs: [...inputs], outputs: [...outputs] } as ModelSignature
}
