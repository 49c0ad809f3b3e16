import type { Numbers } from './run-trees.ts'
import type { LinearPredictor, ScoreValue } from './parsed-model.ts'

/** onnxruntime's form of 1 / (1 + e^-x), which is exact on both sides of zero. */
export function logistic(x: number): number {
  const half = Math.fround(1 / Math.fround(1 + Math.fround(Math.exp(-Math.abs(x)))))
  return x < 0 ? Math.fround(1 - half) : half
}

/** Products are summed in double precision, which is closer to the true value than any order of single ones. */
export function runLinear(
  { coefficients, base, targets }: LinearPredictor,
  { matrix, rows }: { matrix: Numbers; rows: number },
  raw: Numbers,
): void {
  const columns = coefficients.length / targets
  for (let row = 0; row < rows; row++) {
    for (let target = 0; target < targets; target++) {
      let sum = base[target] as number
      const weights = target * columns
      for (let c = 0; c < columns; c++)
        sum += (matrix[row * columns + c] as number) * (coefficients[weights + c] as number)
      raw[row * targets + target] = sum
    }
  }
}

/** In place of the row's scores, by the formula that onnxruntime has for each. */
export function softmaxRow(scores: Numbers, start: number, width: number): void {
  let largest = -Infinity
  for (let i = 0; i < width; i++) largest = Math.max(largest, scores[start + i] as number)
  let sum = 0
  for (let i = 0; i < width; i++) {
    scores[start + i] = Math.exp((scores[start + i] as number) - largest)
    sum += scores[start + i] as number
  }
  for (let i = 0; i < width; i++) scores[start + i] = (scores[start + i] as number) / sum
}

/** What ONNX counts as a score of zero. */
const nearZero = 1e-7

function softmaxZeroRow(scores: Numbers, start: number, width: number): void {
  let largest = -Infinity
  for (let i = 0; i < width; i++) largest = Math.max(largest, scores[start + i] as number)
  const scale = Math.exp(-largest)
  let sum = 0
  for (let i = 0; i < width; i++) {
    const score = scores[start + i] as number
    const isZero = Math.abs(score) <= nearZero
    scores[start + i] = isZero ? score * scale : Math.exp(score - largest)
    if (!isZero) sum += scores[start + i] as number
  }
  for (let i = 0; i < width; i++) scores[start + i] = (scores[start + i] as number) / sum
}

export interface RawScores {
  readonly raw: Numbers
  readonly rows: number
  readonly targets: number
}

export function runFinish(
  values: readonly ScoreValue[],
  { raw, rows, targets }: RawScores,
  out: Numbers,
): void {
  const width = values.length
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      const { target, offset, link, complement } = values[i] as ScoreValue
      const score = (raw[row * targets + target] as number) + offset
      const signed = complement === 'negated' ? -score : score
      const value = link === 'logistic' ? logistic(signed) : signed
      out[row * width + i] = complement === 'one_minus' ? 1 - value : value
    }
    const { link } = values[0] as ScoreValue
    if (link === 'softmax') softmaxRow(out, row * width, width)
    else if (link === 'softmax_zero') softmaxZeroRow(out, row * width, width)
  }
}

/** The place of the largest number of each row, the first of equals. */
export function largestColumn(numbers: Numbers, row: number, width: number): number {
  let best = 0
  for (let i = 1; i < width; i++)
    if ((numbers[row * width + i] as number) > (numbers[row * width + best] as number)) best = i
  return best
}
