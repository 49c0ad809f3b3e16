import { formatNumber } from '#ui/kit/format'
import type { CanaryCheck } from '../contract.ts'

type Check = CanaryCheck['check']

export const checkTitles: Readonly<Record<Check, string>> = {
  errors: 'Errors',
  refusals: 'Refusals',
  latency: 'Latency',
  scores: 'Scores',
  metric: 'Quality',
}

/** `+0.4 % [−1.2 %, +2.0 %]`: a difference of shares, a ratio, a gap of shares, or a difference in the unit of the metric. */
export function estimateText({ check, estimate, interval }: CanaryCheck): string {
  if (estimate === null) return '–'
  const text = numberText(check)
  if (interval === null) return text(estimate)
  const { low, high } = interval
  return `${text(estimate)} [${low === null ? '−∞' : text(low)}, ${high === null ? '∞' : text(high)}]`
}

export function limitText({ check, threshold }: CanaryCheck): string {
  return threshold === null ? 'none' : numberText(check)(threshold)
}

/** What values are multiplied by for a chart, and what they are then. */
export function chartScale(check: Check): { readonly factor: number; readonly unit: string } {
  if (check === 'latency') return { factor: 1, unit: ', times the stable version' }
  return check === 'metric' ? { factor: 1, unit: '' } : { factor: 100, unit: ', in %' }
}

function numberText(check: Check): (value: number) => string {
  if (check === 'latency') return (value) => `${value.toFixed(2)}×`
  if (check === 'metric') return (value) => signed(value, formatNumber(Math.abs(value)))
  if (check === 'scores') return (value) => `${(value * 100).toFixed(1)} %`
  return (value) => signed(value, `${(Math.abs(value) * 100).toFixed(value === 0 ? 0 : 2)} %`)
}

function signed(value: number, text: string): string {
  return `${value < 0 ? '−' : value > 0 ? '+' : ''}${text}`
}
