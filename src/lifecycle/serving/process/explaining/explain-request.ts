import { fail } from '#contract/errors'
import { objectOf } from '../http/http-call.ts'

export type CounterfactualTarget =
  | 'other'
  | { readonly label: string | number }
  | { readonly below: number }
  | { readonly above: number }

export interface CounterfactualAsked {
  readonly target: CounterfactualTarget
  /** Fields that stay as they are. */
  readonly fixed: readonly string[]
  readonly maxChanges: number
}

/** What a client may ask besides its rows. */
export interface ExplainOptions {
  /** How many reasons. */
  readonly top: number
  readonly class: string | number | undefined
  /** The version that shall explain; undefined: as a prediction would be routed. */
  readonly version: string | undefined
  readonly counterfactual: CounterfactualAsked | undefined
}

export const optionNames = ['top', 'class', 'version', 'counterfactual'] as const
const defaultTop = 4
const defaultChanges = 3

export function readOptions(body: Readonly<Record<string, unknown>>): ExplainOptions {
  const { top = defaultTop, class: label, version, counterfactual } = body
  if (!isCount(top)) fail('invalid_input', 'top is not a whole number from 1.', { at: 'top' })
  if (label !== undefined && label !== null && !isLabel(label))
    fail('invalid_input', 'class is not a label.', { at: 'class' })
  if (version !== undefined && !isLabel(version))
    fail('invalid_input', 'version is not the number of a version.', { at: 'version' })
  return {
    top: top as number,
    class: label ?? undefined,
    version: version === undefined ? undefined : String(version),
    counterfactual:
      counterfactual === undefined || counterfactual === null
        ? undefined
        : readCounterfactual(counterfactual),
  }
}

const counterfactualNames = ['target', 'fixed', 'max_changes']

function readCounterfactual(given: unknown): CounterfactualAsked {
  const asked = objectOf(given, 'counterfactual')
  const unknown = Object.keys(asked).find((name) => !counterfactualNames.includes(name))
  if (unknown !== undefined) {
    fail('invalid_input', `counterfactual has an unknown field "${unknown.slice(0, 60)}".`, {
      at: 'counterfactual',
      hint: `Its fields are ${counterfactualNames.join(', ')}.`,
    })
  }
  const { target = 'other', fixed = [], max_changes: maxChanges = defaultChanges } = asked
  if (!Array.isArray(fixed) || !fixed.every((name) => typeof name === 'string'))
    fail('invalid_input', 'counterfactual.fixed is not a list of fields.', { at: 'counterfactual.fixed' })
  if (!isCount(maxChanges)) {
    fail('invalid_input', 'counterfactual.max_changes is not a whole number from 1.', {
      at: 'counterfactual.max_changes',
    })
  }
  return { target: readTarget(target), fixed, maxChanges: maxChanges as number }
}

function readTarget(target: unknown): CounterfactualTarget {
  if (target === 'other') return target
  const at = 'counterfactual.target'
  if (typeof target === 'object' && target !== null) {
    const [[name, value] = ['', undefined], ...more] = Object.entries(target)
    if (more.length === 0) {
      if (name === 'label' && isLabel(value)) return { label: value }
      if (typeof value === 'number' && Number.isFinite(value)) {
        if (name === 'probability_below' || name === 'prediction_below') return { below: value }
        if (name === 'probability_above' || name === 'prediction_above') return { above: value }
      }
    }
  }
  return fail('invalid_input', 'counterfactual.target is not a goal.', {
    at,
    hint: 'It is "other", {"label": …}, {"probability_below": 0.3} or {"probability_above": 0.7}; of numbers, prediction_below or prediction_above.',
  })
}

function isLabel(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || (typeof value === 'number' && Number.isFinite(value))
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
