import { useState, type ReactNode } from 'react'
import { formatNumber } from '#ui/kit/format'
import type { BandPoint, BandSeries, Level } from './band-series.ts'
import { linearScale, niceTicks, paddedExtent } from './scale.ts'
import { useWidth } from './use-width.tsx'
import styles from './charts.module.css'

/** Half of what a letter of an axis takes, in pixels: no label leaves the drawing. */
const halfLetter = 3.2
const margin = { top: 10, right: 12, bottom: 22, left: 50 }

/** Lines over few points in time, each with its interval as a band, and the levels that they are judged by. */
export function BandChart({
  label,
  series,
  levels = [],
  height = 180,
  formatX,
  includeZero = false,
}: {
  label: string
  series: readonly BandSeries[]
  levels?: readonly Level[]
  height?: number
  formatX: (x: number) => string
  includeZero?: boolean
}) {
  const [frame, width] = useWidth<HTMLElement>()
  const [hovered, setHovered] = useState<number>()
  const places = [...new Set(series.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b)
  const values = series.flatMap(({ points }) => points.flatMap(({ value, low, high }) => [value, low, high]))
  const extent = paddedExtent([...values, ...levels.map(({ value }) => value), ...(includeZero ? [0] : [])])
  const x = linearScale([places[0] ?? 0, places.at(-1) ?? 1], [margin.left + 8, width - margin.right - 8])
  const y = linearScale(
    includeZero && extent[0] > -1e-9 - Math.abs(extent[1]) * 0.09 ? [0, extent[1]] : extent,
    [height - margin.bottom, margin.top],
  )
  const labelWidth = Math.max(
    62,
    ...places.slice(0, 1).map((place) => formatX(place).length * 2 * halfLetter + 24),
  )
  const shownLabels = places.filter(
    (_, index) => index % Math.max(1, Math.ceil((places.length * labelWidth) / width)) === 0,
  )
  return (
    <figure className={styles['figure']} ref={frame}>
      <svg
        width={width}
        height={height}
        role="img"
        aria-label={`${label}. ${describe(series)}`}
        onPointerMove={(event) => setHovered(nearest(places, event.nativeEvent.offsetX, x))}
        onPointerLeave={() => setHovered(undefined)}
      >
        {niceTicks(y.domain as [number, number], 4).map((tick) => (
          <g key={tick}>
            <line
              className={styles['grid']}
              x1={margin.left}
              x2={width - margin.right}
              y1={y(tick)}
              y2={y(tick)}
            />
            <text x={margin.left - 7} y={y(tick) + 4} textAnchor="end">
              {formatTick(tick)}
            </text>
          </g>
        ))}
        {shownLabels.map((place) => (
          <text
            key={place}
            x={Math.min(x(place), width - formatX(place).length * halfLetter)}
            y={height - 6}
            textAnchor="middle"
          >
            {formatX(place)}
          </text>
        ))}
        {hovered === undefined ? null : (
          <line
            className={styles['cursor']}
            x1={x(hovered)}
            x2={x(hovered)}
            y1={margin.top}
            y2={height - margin.bottom}
          />
        )}
        {levels.map(({ value, name, kind }) => (
          <line
            key={name}
            className={styles[kind]}
            x1={margin.left}
            x2={width - margin.right}
            y1={y(value)}
            y2={y(value)}
          />
        ))}
        {series.map(({ name, color, points }) => (
          <g key={name} style={{ color: `var(${color})` }}>
            {runsOf(points).map((run) => (
              <g key={run[0]?.x}>
                <path d={bandPath(run, x, y)} fill="currentcolor" opacity={0.16} />
                <path
                  d={linePath(run, x, y)}
                  fill="none"
                  stroke="currentcolor"
                  strokeWidth={1.8}
                  strokeLinejoin="round"
                />
                {run.map((point) => (
                  <circle
                    key={point.x}
                    cx={x(point.x)}
                    cy={y(point.value)}
                    r={run.length > 40 ? 1.4 : 2.6}
                    fill="currentcolor"
                  />
                ))}
              </g>
            ))}
          </g>
        ))}
      </svg>
      {hovered === undefined ? null : (
        <Tip left={x(hovered)} width={width}>
          <strong>{formatX(hovered)}</strong>
          {series.map(({ name, points }) => {
            const point = points.find((one) => one.x === hovered)
            return point === undefined ? null : (
              <span key={name}>
                {name}
                <b>{pointText(point)}</b>
              </span>
            )
          })}
        </Tip>
      )}
      <Legend
        entries={[
          ...(series.length > 1 ? series.map(({ name, color }) => ({ name, color })) : []),
          ...levels.map(({ name, kind }) => ({
            name,
            color: kind === 'threshold' ? '--bad' : '--ink-faint',
            dashed: true,
          })),
        ]}
      />
    </figure>
  )
}

export function Legend({
  entries,
}: {
  entries: readonly { name: string; color: string; dashed?: boolean }[]
}) {
  if (entries.length === 0) return null
  return (
    <ul className={styles['legend']}>
      {entries.map(({ name, color, dashed }) => (
        <li key={name}>
          <i
            aria-hidden="true"
            className={`${styles['swatch']} ${dashed === true ? styles['dashed'] : ''}`}
            style={dashed === true ? { color: `var(${color})` } : { background: `var(${color})` }}
          />
          {name}
        </li>
      ))}
    </ul>
  )
}

function Tip({ left, width, children }: { left: number; width: number; children: ReactNode }) {
  const side = left > width / 2 ? { right: width - left + 10 } : { left: left + 10 }
  return (
    <div className={styles['tip']} style={side} aria-hidden="true">
      {children}
    </div>
  )
}

type KnownPoint = BandPoint & { readonly value: number }

/** Stretches without a gap. */
function runsOf(points: readonly BandPoint[]): KnownPoint[][] {
  const runs: KnownPoint[][] = [[]]
  for (const point of points) {
    if (point.value === null) runs.push([])
    else runs.at(-1)?.push(point as KnownPoint)
  }
  return runs.filter((run) => run.length > 0)
}

function linePath(
  run: readonly KnownPoint[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  return `M${run.map((point) => `${x(point.x).toFixed(1)},${y(point.value).toFixed(1)}`).join('L')}`
}

function bandPath(
  run: readonly KnownPoint[],
  x: (value: number) => number,
  y: (value: number) => number,
): string {
  const top = run.map((point) => `${x(point.x).toFixed(1)},${y(point.high ?? point.value).toFixed(1)}`)
  const bottom = run.map((point) => `${x(point.x).toFixed(1)},${y(point.low ?? point.value).toFixed(1)}`)
  return `M${top.join('L')}L${bottom.reverse().join('L')}Z`
}

function nearest(places: readonly number[], pixel: number, x: (value: number) => number): number | undefined {
  return places.reduce<number | undefined>(
    (best, place) =>
      best === undefined || Math.abs(x(place) - pixel) < Math.abs(x(best) - pixel) ? place : best,
    undefined,
  )
}

function pointText({ value, low, high }: BandPoint): string {
  if (value === null) return 'unknown'
  const text = formatNumber(value)
  return low === undefined || low === null || high === undefined || high === null
    ? text
    : `${text} [${formatNumber(low)}, ${formatNumber(high)}]`
}

function describe(series: readonly BandSeries[]): string {
  return series
    .map(({ name, points }) => {
      const last = points.findLast(({ value }) => value !== null)
      return `${name}: ${points.length} points, last ${last === undefined ? 'unknown' : pointText(last)}`
    })
    .join('; ')
}

/** A number on an axis: no more digits than its step needs. */
export function formatTick(value: number): string {
  if (Math.abs(value) >= 10_000) return `${Number((value / 1000).toPrecision(4))}k`
  return String(Number(value.toPrecision(6)))
}
