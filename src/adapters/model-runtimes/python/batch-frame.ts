import { fail } from '#contract/errors'
import type {
  OutputColumn,
  RowBatch,
  ScoredRows,
  SignatureOutput,
} from '#lifecycle/serving/model-runtime-point'
import type { Frame } from './frames.ts'

/** A batch for the pipe: the numbers as doubles, column after column, then the texts as JSON, column by column. */
export function batchFrame({ rows, numbers, texts }: RowBatch): { header: object; parts: Uint8Array[] } {
  return {
    header: { kind: 'score', rows },
    parts: [
      new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength),
      Buffer.from(JSON.stringify(texts)),
    ],
  }
}

interface OutputHeader extends SignatureOutput {
  readonly width: number
  readonly bytes: number
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
  const columns = outputs.map(({ type, width, bytes }): OutputColumn => {
    const part = payload.subarray(at, at + bytes)
    at += bytes
    if (type === 'string')
      return { width, values: JSON.parse(Buffer.from(part).toString('utf8')) as string[] }
    // A copy: doubles must start at a multiple of eight.
    return { width, values: new Float64Array(new Uint8Array(part).buffer) }
  })
  return { rows, outputs: columns }
}
