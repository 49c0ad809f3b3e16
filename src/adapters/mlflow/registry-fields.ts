import { fail } from '#contract/errors'

/** The number of a version, which travels as text. No version has one that a store could not hold. */
export function versionNumber(text: string): number {
  if (/^[+-]?\d+$/.test(text.trim())) return Math.max(-1, Math.min(Number(text), Number.MAX_SAFE_INTEGER))
  return fail('invalid_input', `Parameter 'version' must be an integer, got '${text.slice(0, 60)}'.`, {
    at: 'version',
  })
}

export function pageLimit(
  given: number | undefined,
  { usual, most }: { usual: number; most: number },
): number {
  const limit = given ?? usual
  if (limit >= 1 && limit <= most) return limit
  return fail(
    'invalid_input',
    `Invalid value ${limit} for parameter 'max_results' supplied: It must be at least 1 and at most ${most}.`,
    { at: 'max_results' },
  )
}
