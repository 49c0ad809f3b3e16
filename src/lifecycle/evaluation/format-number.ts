import type { Interval } from './contract.ts'

/**
 * A number for people: three decimals below one, four digits above, whole thousands. `decimals` asks for
 * more.
 */
export function formatNumber(value: number, decimals = 3): string {
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size >= 1000) return value.toLocaleString('en-US', { maximumFractionDigits: decimals - 3 })
  if (size >= 1) return value.toFixed(Math.max(0, decimals - Math.floor(Math.log10(size))))
  const fixed = value.toFixed(decimals)
  if (Math.abs(Number(fixed)) >= 10 ** (1 - decimals)) return fixed
  return size < 1e-6 ? value.toExponential(1) : String(Number(value.toPrecision(2)))
}

/** A count of rows: `3,000,000`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US')
}

/** Enough digits that the text stands on the same side of the bound as the number. */
export function formatBeside(value: number, bound: number): string {
  for (let decimals = 3; decimals <= 15; decimals += 1) {
    const text = formatNumber(value, decimals)
    if (Math.sign(Number(text.replaceAll(',', '')) - bound) === Math.sign(value - bound)) return text
  }
  return String(value)
}

/** `0.681 [0.679, 0.683]` */
export function formatEstimate(value: number, interval: Interval, bound?: number): string {
  const format = (number: number): string =>
    bound === undefined ? formatNumber(number) : formatBeside(number, bound)
  return `${format(value)} [${format(interval.low)}, ${format(interval.high)}]`
}
