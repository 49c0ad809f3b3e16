/** Pieces of the sentences that say what must hold. */

export interface Limits {
  readonly minimum?: number | string | null | undefined
  readonly maximum?: number | string | null | undefined
  readonly strict_minimum?: boolean
  readonly strict_maximum?: boolean
}

/** `at least 3`, `above 3`, `between 1 and 3 (excluded)`, `3`. */
export function limitWords({ minimum, maximum, strict_minimum, strict_maximum }: Limits): string {
  const low = minimum ?? undefined
  const high = maximum ?? undefined
  if (low === undefined && high === undefined) return 'anything'
  if (high === undefined) return `${strict_minimum === true ? 'above' : 'at least'} ${low}`
  if (low === undefined) return `${strict_maximum === true ? 'below' : 'at most'} ${high}`
  if (low === high && strict_minimum !== true && strict_maximum !== true) return String(low)
  const excluded = (value: number | string, strict: boolean | undefined): string =>
    strict === true ? `${value} (excluded)` : String(value)
  return `between ${excluded(low, strict_minimum)} and ${excluded(high, strict_maximum)}`
}

const shownItems = 20

/** `"a", "b" and 3 more`. */
export function listWords(values: readonly unknown[]): string {
  const shown = values.slice(0, shownItems).map((value) => JSON.stringify(value))
  const more = values.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** `a, b and c`. */
export function nameWords(names: readonly string[]): string {
  const last = names.at(-1) ?? ''
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`
}

/** `the previous version`, `version 3`, `airports@3`. */
export function referenceWords(reference: string | number | undefined): string {
  if (reference === undefined) return 'the given distribution'
  if (reference === 'previous') return 'the previous version'
  return typeof reference === 'number' ? `version ${reference}` : reference
}
