import type { ScoredRows } from '#lifecycle/serving/model-runtime-point'

/** Two ways of scoring mean the same up to this difference, relative to scores beyond one. */
export const scoreTolerance = 1e-6

/** Whether every value of every output is the same: texts and whole numbers exactly, scores within a tolerance. */
export function sameScores(left: ScoredRows, right: ScoredRows, tolerance: number): boolean {
  return (
    left.outputs.length === right.outputs.length &&
    left.outputs.every(({ width, values }, i) => {
      const other = right.outputs[i]
      if (other === undefined || other.width !== width || other.values.length !== values.length) return false
      for (let at = 0; at < values.length; at++)
        if (!isSame(values[at], other.values[at], tolerance)) return false
      return true
    })
  )
}

type Value = number | bigint | string | undefined

function isSame(left: Value, right: Value, tolerance: number): boolean {
  if (left === right) return true
  if (typeof left !== 'number' || typeof right !== 'number') return false
  if (Number.isNaN(left)) return Number.isNaN(right)
  return Math.abs(left - right) <= tolerance * Math.max(1, Math.abs(left))
}
