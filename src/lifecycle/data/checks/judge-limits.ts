import type { Judgement } from './judgement.ts'
import type { Limits } from './words/limit-words.ts'
import { numberWords } from './words/number-words.ts'

/** Limits of a number; `warn_outside` are narrower ones that only warn. */
export interface NumberRule extends Limits {
  readonly warn_outside?: Limits | undefined
}

/** @param value null where there was nothing to compute it from, which is an error: nothing is known then. */
export function judgeLimits(
  rule: NumberRule,
  value: number | null,
  nothing = 'no row has a value',
): Judgement {
  if (value === null || Number.isNaN(value)) return { outcome: 'error', found: nothing }
  if (!Number.isFinite(value)) return { outcome: 'fail', found: `it is ${value}`, observed: null }
  return withinLimits(
    { fails: !isInside(rule, value), warns: !isInside(rule.warn_outside ?? {}, value) },
    { found: `it is ${numberWords(value)}`, observed: value },
  )
}

export function withinLimits(
  { fails, warns }: { readonly fails: boolean; readonly warns: boolean },
  found: Pick<Judgement, 'found' | 'observed'>,
): Judgement {
  if (fails) return { outcome: 'fail', ...found }
  return warns ? { outcome: 'fail', severity: 'warn', ...found } : { outcome: 'pass', ...found }
}

function isInside({ minimum, maximum, strict_minimum, strict_maximum }: Limits, value: number): boolean {
  const low = Number(minimum ?? Number.NEGATIVE_INFINITY)
  const high = Number(maximum ?? Number.POSITIVE_INFINITY)
  return (
    (strict_minimum === true ? value > low : value >= low) &&
    (strict_maximum === true ? value < high : value <= high)
  )
}
