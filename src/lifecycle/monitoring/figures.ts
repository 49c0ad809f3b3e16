// Numbers as they stand in a reason that someone reads.

import { formatCount } from '#contract/units'

/** Three significant digits below a thousand, whole above, without an exponent for everyday sizes. */
export function shortNumber(value: number): string {
  const magnitude = Math.abs(value)
  if (magnitude >= 1000 && magnitude < 1e9) return formatCount(value)
  return String(Number(value.toPrecision(3)))
}

export function percent(share: number): string {
  const value = share * 100
  return `${Number(value.toPrecision(value < 10 ? 2 : 3))} %`
}

/** `p < 0.001` or `p = 0.012`. */
export function pValueWords(pValue: number): string {
  return pValue < 0.001 ? 'p < 0.001' : `p = ${Number(pValue.toPrecision(2))}`
}

export function countWords(count: number): string {
  return formatCount(count)
}
