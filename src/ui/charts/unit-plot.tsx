import { linearScale, niceTicks } from './scale.ts'
import styles from './charts.module.css'

export interface UnitCurve {
  readonly name: string
  readonly color: string
  readonly points: readonly (readonly [number, number])[]
  /** Dots with whiskers instead of a line. */
  readonly whiskers?: readonly {
    readonly x: number
    readonly low: number
    readonly high: number
    readonly weight: number
  }[]
}

const size = 248
const margin = { top: 8, right: 10, bottom: 34, left: 48 }

/** A square from 0 to 1 on both sides: ROC, precision and recall, calibration. */
export function UnitPlot({
  label,
  xTitle,
  yTitle,
  curves,
  diagonal,
  maximum = 1,
}: {
  label: string
  xTitle: string
  yTitle: string
  curves: readonly UnitCurve[]
  diagonal: boolean
  /** Both axes end here; a rare outcome is calibrated in a corner of the square. */
  maximum?: number
}) {
  const x = linearScale([0, maximum], [margin.left, size - margin.right])
  const y = linearScale([0, maximum], [size - margin.bottom, margin.top])
  const ticks = niceTicks([0, maximum], 5)
  return (
    <figure className={styles['figure']} style={{ maxWidth: 330 }}>
      <svg viewBox={`0 0 ${size} ${size}`} width="100%" role="img" aria-label={label}>
        {ticks.map((tick) => (
          <g key={tick}>
            <line className={styles['grid']} x1={x(0)} x2={x(maximum)} y1={y(tick)} y2={y(tick)} />
            <line className={styles['grid']} x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(maximum)} />
            <text x={x(tick)} y={size - margin.bottom + 14} textAnchor="middle">
              {tick}
            </text>
            <text x={margin.left - 6} y={y(tick) + 4} textAnchor="end">
              {tick}
            </text>
          </g>
        ))}
        <text x={(x(0) + x(maximum)) / 2} y={size - 4} textAnchor="middle">
          {xTitle}
        </text>
        <text transform={`translate(10 ${(y(0) + y(maximum)) / 2}) rotate(-90)`} textAnchor="middle">
          {yTitle}
        </text>
        {diagonal ? (
          <line className={styles['guide']} x1={x(0)} y1={y(0)} x2={x(maximum)} y2={y(maximum)} />
        ) : null}
        {curves.map(({ name, color, points, whiskers }) => (
          <g key={name} style={{ color: `var(${color})` }}>
            <polyline
              points={points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')}
              fill="none"
              stroke="currentcolor"
              strokeWidth={whiskers === undefined ? 1.8 : 1.2}
              strokeLinejoin="round"
            />
            {whiskers?.map((whisker, index) => (
              <g key={whisker.x}>
                <line
                  x1={x(whisker.x)}
                  x2={x(whisker.x)}
                  y1={y(whisker.low)}
                  y2={y(Math.min(maximum, whisker.high))}
                  stroke="currentcolor"
                  strokeWidth={1.4}
                />
                <circle
                  cx={x(whisker.x)}
                  cy={y(points[index]?.[1] ?? 0)}
                  r={2 + 3 * Math.sqrt(whisker.weight)}
                  fill="currentcolor"
                />
              </g>
            ))}
          </g>
        ))}
      </svg>
    </figure>
  )
}
