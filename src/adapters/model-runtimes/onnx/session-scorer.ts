import { InferenceSession, Tensor } from 'onnxruntime-node'
import { fail, messageOf } from '#contract/errors'
import type { OutputColumn, RowBatch, ScoredRows } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { bindGraph, type InputBinding } from './graph-binding.ts'

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
  const binding = bindGraph(session, signature, label)
  return {
    score: async (batch) => {
      const feeds: Record<string, Tensor> = {}
      for (const input of binding.inputs) feeds[input.name] = tensorOf(input, batch)
      const fetched = await session.run(feeds, binding.outputs)
      const outputs = binding.outputs.map((name) => outputColumn(name, fetched[name] as Tensor, batch.rows))
      return { rows: batch.rows, outputs }
    },
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

function tensorOf({ source, tensorType, column }: InputBinding, { rows, numbers, texts }: RowBatch): Tensor {
  if (source === 'text') return new Tensor('string', texts[column] as string[], [rows, 1])
  if (source === 'matrix') {
    const columns = numbers.length / rows
    return numberTensor(tensorType, rowMajor(numbers, rows), [rows, columns])
  }
  const values = numbers.subarray(column * rows, (column + 1) * rows)
  if (source === 'number') return numberTensor(tensorType, values, [rows, 1])
  const dates = Array.from(values, (time) => (Number.isNaN(time) ? '' : new Date(time).toISOString()))
  return new Tensor('string', dates, [rows, 1])
}

function numberTensor(type: InputBinding['tensorType'], values: Float64Array, shape: number[]): Tensor {
  switch (type) {
    case 'float32':
      return new Tensor('float32', new Float32Array(values), shape)
    case 'float64':
      return new Tensor('float64', values, shape)
    case 'int32':
      return new Tensor('int32', new Int32Array(values), shape)
    case 'bool':
      return new Tensor('bool', new Uint8Array(values), shape)
    case 'int64': {
      const whole = new BigInt64Array(values.length)
      for (let i = 0; i < values.length; i++) whole[i] = BigInt(values[i] as number)
      return new Tensor('int64', whole, shape)
    }
    case 'string':
      return fail('internal', 'A column of numbers was bound to a text input.')
  }
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

/** Copies: what onnxruntime hands out may be its own memory, which cannot be moved to another thread. */
function outputColumn(name: string, tensor: Tensor, rows: number): OutputColumn {
  const width = tensor.size / rows
  if (!Number.isInteger(width) || width === 0) {
    fail('invalid_input', `The output "${name}" has ${tensor.size} values for ${rows} rows.`)
  }
  const data = tensor.data
  if (Array.isArray(data)) return { width, values: data }
  if (data instanceof Float32Array) return { width, values: data.slice() }
  const values = new Float64Array(data.length)
  for (let i = 0; i < data.length; i++) values[i] = Number(data[i])
  return { width, values }
}
