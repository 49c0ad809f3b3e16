import { given, noCounterpart } from './imported-suite.ts'

/** Named arguments of an expectation in Great Expectations. */
export type Arguments = Readonly<Record<string, unknown>>

export function limits({ min_value, max_value, strict_min, strict_max }: Arguments): Record<string, unknown> {
  if ((min_value ?? null) === null && (max_value ?? null) === null) return noCounterpart('it has no limits')
  return given({
    minimum: min_value,
    maximum: max_value,
    strict_minimum: strict_min === true ? true : undefined,
    strict_maximum: strict_max === true ? true : undefined,
  })
}

/** Limits of a whole number; a strict one is one further in. */
export function countLimits({
  min_value,
  max_value,
  strict_min,
  strict_max,
}: Arguments): Record<string, unknown> {
  if ((min_value ?? null) === null && (max_value ?? null) === null) return noCounterpart('it has no limits')
  const low =
    typeof min_value === 'number'
      ? strict_min === true
        ? Math.floor(min_value) + 1
        : Math.ceil(min_value)
      : undefined
  const high =
    typeof max_value === 'number'
      ? strict_max === true
        ? Math.ceil(max_value) - 1
        : Math.floor(max_value)
      : undefined
  return given({ at_least: low === undefined ? undefined : Math.max(0, low), at_most: high })
}

export function listOf(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value) || value.length === 0) return noCounterpart(`it lists no ${what}`)
  return value as unknown[]
}

/** Missing values are looked at by no check of a set. */
export function valuesOf(value: unknown): unknown[] {
  const values = listOf(value, 'values').filter((one) => one !== null)
  return values.length === 0 ? noCounterpart('it lists no value that is not missing') : values
}

export function matchOn(value: unknown): { of?: 'all' } {
  return value === 'all' ? { of: 'all' } : {}
}

export function pairIgnore(value: unknown): string {
  return value === 'either_value_is_missing'
    ? 'either_missing'
    : value === 'neither'
      ? 'neither'
      : 'both_missing'
}

export function rowIgnore(value: unknown): 'any_missing' | 'never' | 'all_missing' {
  return value === 'any_value_is_missing' ? 'any_missing' : value === 'never' ? 'never' : 'all_missing'
}

export function partitionOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return noCounterpart('it has no partition')
  const { values, bins, weights, tail_weights } = value as Record<string, unknown>
  return given({ values, bins, weights, tail_weights })
}
