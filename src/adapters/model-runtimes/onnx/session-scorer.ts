import { InferenceSession, Tensor } from 'onnxruntime-node'
import { fail, messageOf } from '#contract/errors'
import type { RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { inFixedBatches } from './fixed-batches.ts'
import { bindGraph, type InputBinding } from './graph-binding.ts'
import { numberTensor, outputColumn } from './tensor-values.ts'

export interface SessionScorer {
  score(batch: RowBatch): Promise<ScoredRows>
  release(): Promise<void>
}

interface SessionSource {
  readonly label: string
  readonly bytes: Uint8Array
  readonly signature: ModelSignature
}

/**
 * One onnxruntime session. `run` of onnxruntime-node computes synchronously on the calling thread, so this belongs in a
 * worker for all but the smallest models.
 */
export async function createSessionScorer({
  label,
  bytes,
  signature,
}: SessionSource): Promise<SessionScorer> {
  const session = await openSession(label, bytes)
  const { inputs, outputs, fixedRows } = bindGraph(session, signature, label)
  const score = async (batch: RowBatch): Promise<ScoredRows> => {
    const feeds: Record<string, Tensor> = {}
    for (const input of inputs) feeds[input.name] = tensorOf(input, batch)
    const fetched = await session.run(feeds, outputs)
    const columns = outputs.map((name) => outputColumn(name, fetched[name] as Tensor, batch.rows))
    return { rows: batch.rows, outputs: columns }
  }
  return {
    score: fixedRows === undefined ? score : inFixedBatches(score, fixedRows),
    release: () => session.release(),
  }
}

async function openSession(label: string, bytes: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      executionProviders: ['cpu'],
      // The threads of a session spin while they wait, and steal the core from the others: parallelism is across workers.
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    })
  } catch (error) {
    return fail('invalid_input', `${label} cannot be loaded: ${messageOf(error).split('\n')[0] ?? ''}`, {
      hint: 'The file is not a valid ONNX model, or uses operators that onnxruntime does not have.',
      cause: error,
    })
  }
}

function tensorOf(input: InputBinding, batch: RowBatch): Tensor {
  const { name, source, tensorType, column, shape } = input
  const { rows, numbers, texts, longs } = batch
  const dimensions = [rows, ...shape]
  if (source === 'text') return new Tensor('string', texts[column] as string[], dimensions)
  if (source === 'matrix')
    return numberTensor(tensorType, { name, values: rowMajor(numbers, rows) }, dimensions)
  const values = block(batch, column)
  if (source === 'number')
    return numberTensor(tensorType, { name, values, longs: longs?.get(column) }, dimensions)
  const dates = Array.from(values, (time) => (Number.isNaN(time) ? '' : new Date(time).toISOString()))
  return new Tensor('string', dates, dimensions)
}

/** The values of a field, row by row. */
function block({ rows, numbers, widths }: RowBatch, column: number): Float64Array {
  if (widths === undefined) return numbers.subarray(column * rows, (column + 1) * rows)
  let start = 0
  for (let before = 0; before < column; before++) start += widths[before] as number
  return numbers.subarray(start * rows, (start + (widths[column] as number)) * rows)
}

function rowMajor(numbers: Float64Array, rows: number): Float64Array {
  const columns = numbers.length / rows
  if (rows === 1) return numbers
  const matrix = new Float64Array(numbers.length)
  for (let column = 0; column < columns; column++) {
    for (let row = 0; row < rows; row++)
      matrix[row * columns + column] = numbers[column * rows + row] as number
  }
  return matrix
}
