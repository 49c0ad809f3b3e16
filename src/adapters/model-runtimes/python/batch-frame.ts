import { fail } from '#contract/errors'
import type {
  OutputColumn,
  RowBatch,
  ScoredRows,
  SignatureOutput,
} from '#lifecycle/serving/model-runtime-point'
import type { Frame } from './frames.ts'

/**
 * A batch for the pipe: the numbers as doubles, field after field, then the exact whole numbers of the fields that
 * `longs` names (by their place among those of numbers), then the texts as JSON, field by field.
 */
export function batchFrame({ rows, numbers, texts, longs }: RowBatch): {
  header: object
  parts: Uint8Array[]
} {
  const exact = [...(longs ?? [])]
  return {
    header: { kind: 'score', rows, ...(exact.length === 0 ? {} : { longs: exact.map(([place]) => place) }) },
    parts: [
      bytesOf(numbers),
      ...exact.map(([, values]) => bytesOf(values)),
      Buffer.from(JSON.stringify(texts)),
    ],
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float64Array | BigInt64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

interface OutputHeader extends SignatureOutput {
  readonly width: number
  readonly bytes: number
  /** Whole numbers that doubles do not hold. */
  readonly exact?: boolean
}

/** What the worker answered; fails with `invalid_input` when the model raised. */
export function scoredRows({ header, payload }: Frame, label: string): ScoredRows {
  const { error, rows, outputs } = header as {
    error?: { type: string; message: string }
    rows: number
    outputs: readonly OutputHeader[]
  }
  if (error !== undefined)
    fail('invalid_input', `${label} cannot score this: ${error.type}: ${error.message}`)
  let at = 0
  const columns = outputs.map(({ type, width, bytes, exact }): OutputColumn => {
    const part = payload.subarray(at, at + bytes)
    at += bytes
    if (type === 'string')
      return { width, values: JSON.parse(Buffer.from(part).toString('utf8')) as string[] }
    // A copy: doubles must start at a multiple of eight.
    const { buffer } = new Uint8Array(part)
    return { width, values: exact === true ? new BigInt64Array(buffer) : new Float64Array(buffer) }
  })
  return { rows, outputs: columns }
}
