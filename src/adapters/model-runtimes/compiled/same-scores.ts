import type { ScoredRows } from '#lifecycle/serving/model-runtime-point'

/** Two ways of scoring count as one up to this difference, relative to scores beyond one. */
const tolerance = 1e-6

/** Whether every value of every output is the same: texts and whole numbers exactly, scores within 1e-6. */
export function sameScores(left: ScoredRows, right: ScoredRows): boolean {
  return (
    left.outputs.length === right.outputs.length &&
    left.outputs.every(({ width, values }, i) => {
      const other = right.outputs[i]
      if (other === undefined || other.width !== width || other.values.length !== values.length) return false
      for (let at = 0; at < values.length; at++) if (!isSame(values[at], other.values[at])) return false
      return true
    })
  )
}

type Value = number | bigint | string | undefined

function isSame(left: Value, right: Value): boolean {
  if (left === right) return true
  if (typeof left !== 'number' || typeof right !== 'number') return false
  if (Number.isNaN(left)) return Number.isNaN(right)
  return Math.abs(left - right) <= tolerance * Math.max(1, Math.abs(left))
}
