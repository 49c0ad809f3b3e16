import type { Level } from '#ui/charts/band-series'

/**
 * The levels that a rule draws into a chart. A rule crosses as the sentence that is also its identity (`calibration_gap
 * within ±0.05`); a sentence that names no level of its own draws none.
 */
export function levelsOfRule(subject: string): Level[] {
  const [, side, number] = /\b(at least|at most|within ±)\s?(-?[\d.]+(?:e-?\d+)?)$/.exec(subject) ?? []
  const value = Number(number)
  if (side === undefined || !Number.isFinite(value)) return []
  if (side !== 'within ±') return [{ kind: 'threshold', value, name: `${side} ${number}` }]
  return [
    { kind: 'threshold', value, name: `+${number}` },
    { kind: 'guide', value: 0, name: '0' },
    { kind: 'threshold', value: -value, name: `−${number}` },
  ]
}
