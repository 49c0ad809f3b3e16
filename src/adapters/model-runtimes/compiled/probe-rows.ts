import type { RowBatch } from '#lifecycle/serving/model-runtime-point'
import type { ModelSignature } from '#lifecycle/tracking/contract'
import { createRandom, type Random } from '#platform/random'
import type { ParsedModel } from './parsed-model.ts'

/** What every column is tried with, besides what the model itself asks about. */
const usualNumbers = [0, -0, 1, -1, 0.5, 3, 12, 100, -1000, 1e6]
const times = [0, 1.6e12, 1.7e12, 1_700_000_123_456]
const usualTexts = ['', 'never seen', 'ünbekannt ✈']
/** More bounds of one column than this are drawn from. */
const boundLimit = 256

/**
 * Rows that find differences between two ways to score a model: thresholds and the floats next to them, known and unknown
 * categories, missing values where the signature allows them. The same for the same model.
 */
export function probeRows(model: ParsedModel, signature: ModelSignature, rows: number): RowBatch {
  const random = createRandom(11)
  const bounds = boundsByField(model)
  const { numbers: numberKeys, texts: textKeys } = keysOf(model)
  const numbers: number[] = []
  const texts: string[][] = []
  for (const [field, { type, required }] of signature.inputs.entries()) {
    if (type === 'string') {
      const known = [...usualTexts, ...textKeys]
      texts.push(Array.from({ length: rows }, () => known[random.below(known.length)] as string))
      continue
    }
    const asked = [...(bounds.get(field) ?? []), ...numberKeys]
    for (let row = 0; row < rows; row++) {
      const isMissing = !required && random.below(12) === 0
      numbers.push(isMissing ? Number.NaN : numberFor(type, asked, random))
    }
  }
  return { rows, numbers: Float64Array.from(numbers), texts }
}

function numberFor(type: string, asked: readonly number[], random: Random): number {
  if (type === 'boolean') return random.below(2)
  if (type === 'datetime') return times[random.below(times.length)] as number
  const choice = random.below(4)
  const value =
    choice < 2 && asked.length > 0
      ? (asked[random.below(asked.length)] as number)
      : choice === 2
        ? (usualNumbers[random.below(usualNumbers.length)] as number)
        : (random.uniform() - 0.5) * 10 ** random.below(5)
  return type === 'integer' || type === 'long' ? Math.trunc(Math.max(-1e9, Math.min(1e9, value))) : value
}

/** Thresholds on columns that come from one raw column, with their neighbours in single precision. */
function boundsByField({ predictor, columns, inputs }: ParsedModel): Map<number, number[]> {
  const bounds = new Map<number, number[]>()
  if (predictor.kind !== 'trees') return bounds
  for (let node = 0; node < predictor.feature.length; node++) {
    const column = columns[predictor.feature[node] ?? -1]
    const input = column?.inputs.length === 1 ? inputs[column.inputs[0] as number] : undefined
    if (input?.kind !== 'number') continue
    const found = bounds.get(input.field) ?? []
    bounds.set(input.field, found)
    if (found.length >= boundLimit) continue
    const bound = predictor.threshold[node] as number
    found.push(bound, ...neighbours(bound))
  }
  return bounds
}

/** The next float below and above. */
function neighbours(value: number): number[] {
  if (!Number.isFinite(value) || value === 0) return [-1.4e-45, 1.4e-45]
  const float = new Float32Array([value])
  const bits = new Int32Array(float.buffer)
  const found: number[] = []
  for (const step of [-1, 2]) {
    bits[0] = (bits[0] as number) + step
    found.push(float[0] as number)
  }
  return found
}

/** Categories that the graph knows. */
function keysOf({ program }: ParsedModel): { numbers: number[]; texts: string[] } {
  const numbers: number[] = []
  const texts: string[] = []
  for (const step of program.steps) {
    if (step.kind !== 'encode' && step.kind !== 'one_hot') continue
    for (const key of step.keys) {
      if (typeof key === 'string') texts.push(key)
      else numbers.push(key)
    }
  }
  return { numbers: numbers.slice(0, boundLimit), texts: texts.slice(0, boundLimit) }
}
