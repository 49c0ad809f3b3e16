import { fail } from '#contract/errors'
import type { CounterfactualAsked } from './explain-request.ts'
import type { ModelAtHand } from './explain-rows.ts'
import { explainedPlace, largestPlace, placeOfClass, type ExplainedValues } from './explained-value.ts'

/** What a changed row shall be answered. */
export interface Goal {
  /** The value of the output that is told. */
  readonly place: number
  /** How much an answer is short of it; zero or less when it is reached. */
  missing(values: ExplainedValues, row: number): number
}

/** The least that counts as more: a goal of "below" is not reached at the limit. */
const least = 1e-9

export function goalOf(
  { values, explainer, output }: ModelAtHand,
  row: number,
  { target }: CounterfactualAsked,
): Goal {
  const place = explainedPlace(values, row, undefined)
  const below = (limit: number): Goal => ({ place, missing: (of, at) => of.of(at, place) - limit + least })
  const above = (limit: number): Goal => ({ place, missing: (of, at) => limit - of.of(at, place) })
  if (typeof target === 'object' && 'below' in target) return below(target.below)
  if (typeof target === 'object' && 'above' in target) return above(target.above)
  if (!output.isChance) {
    return fail('invalid_input', 'The model predicts a number, which has no other label.', {
      at: 'counterfactual.target',
      hint: 'Ask for {"prediction_below": …} or {"prediction_above": …}.',
    })
  }
  if (values.width === 1) {
    const isPositive = values.of(row, 0) >= 0.5
    if (target === 'other') return isPositive ? below(0.5) : above(0.5)
    return placeOfClass(target.label, explainer?.classes, 2) === 1 ? above(0.5) : below(0.5)
  }
  const others = (of: ExplainedValues, at: number, but: number): number => {
    let largest = -Infinity
    for (let i = 0; i < of.width; i++) if (i !== but) largest = Math.max(largest, of.of(at, i))
    return largest
  }
  if (target === 'other') {
    const now = largestPlace(values, row)
    return { place: now, missing: (of, at) => of.of(at, now) - others(of, at, now) + least }
  }
  const wanted = placeOfClass(target.label, explainer?.classes, values.width)
  return { place: wanted, missing: (of, at) => others(of, at, wanted) - of.of(at, wanted) + least }
}
