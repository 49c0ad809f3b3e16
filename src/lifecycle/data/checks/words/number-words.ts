import { formatCount } from '#contract/units'
import type { Cell } from '#platform/tables/index'

export function wholeWords(count: number): string {
  return formatCount(count)
}

/** Six digits of a number, which is what a reader compares. */
export function numberWords(value: number): string {
  if (Number.isInteger(value)) return formatCount(value)
  return String(Number(value.toPrecision(6)))
}

/** Never rounds some rows to none, nor nearly all to all. */
export function percentWords(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.01) return '< 0.01 %'
  const rounded = Number(value.toPrecision(3))
  return rounded === 100 && value < 100 ? '> 99.9 %' : `${rounded} %`
}

/** A cell that is text already. */
export function cellWords(cell: Cell | undefined): string {
  return typeof cell === 'string' ? cell : JSON.stringify(cell ?? null)
}
