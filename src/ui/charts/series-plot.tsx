import { useEffect, useRef } from 'react'
import Plot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatNumber } from '#ui/kit/format'
import { formatTick, Legend } from './band-chart.tsx'
import type { LongSeries } from './series-chart.tsx'
import { useWidth } from './use-width.tsx'
import styles from './charts.module.css'

/** Lines of many points, drawn on a canvas: the history of a metric over steps. */
export function SeriesPlot({
  label,
  series,
  height,
}: {
  label: string
  series: readonly LongSeries[]
  height: number
}) {
  const [frame, width] = useWidth<HTMLElement>()
  const target = useRef<HTMLDivElement>(null)
  const plot = useRef<Plot>(undefined)
  const names = series.map(({ name, color }) => `${name}\n${color}`).join('\n')

  useEffect(() => {
    const { current } = target
    if (current === null) return undefined
    const draw = (): void => {
      plot.current?.destroy()
      plot.current = new Plot(plotOptions(series, current, { width, height }), joined(series), current)
    }
    draw()
    // The canvas keeps the colours it was drawn with.
    const scheme = window.matchMedia('(prefers-color-scheme: dark)')
    scheme.addEventListener('change', draw)
    return () => {
      scheme.removeEventListener('change', draw)
      plot.current?.destroy()
      plot.current = undefined
    }
    // oxlint-disable-next-line react/exhaustive-deps -- new points are set below without drawing everything anew
  }, [names, width, height])

  useEffect(() => plot.current?.setData(joined(series)), [series])

  return (
    <figure className={styles['figure']} ref={frame} aria-label={`${label}. ${describe(series)}`}>
      <div ref={target} />
      {series.length > 1 ? <Legend entries={series} /> : null}
    </figure>
  )
}

function plotOptions(
  series: readonly LongSeries[],
  element: HTMLElement,
  size: { width: number; height: number },
): Plot.Options {
  const ink = colorOf(element, '--ink-faint')
  const line = colorOf(element, '--line')
  const axis: Plot.Axis = {
    stroke: ink,
    font: `11px ${getComputedStyle(element).fontFamily}`,
    grid: { stroke: line, width: 1 },
    ticks: { stroke: line, width: 1, size: 4 },
  }
  return {
    ...size,
    legend: { show: false },
    padding: [8, 10, 0, 0],
    scales: { x: { time: false } },
    cursor: { y: false, points: { size: 6 } },
    axes: [
      { ...axis, size: 26, values: (_plot, ticks) => ticks.map(formatTick) },
      { ...axis, size: 54, values: (_plot, ticks) => ticks.map(formatTick) },
    ],
    series: [
      { label: 'step' },
      ...series.map(({ name, color, x }) => ({
        label: name,
        stroke: colorOf(element, color),
        width: 1.6,
        spanGaps: true,
        points: { show: x.length < 3, size: 6 },
      })),
    ],
    hooks: { setCursor: [showReading], ready: [(plot) => plot.over.append(reading())] },
  }
}

/** What lies under the cursor, in the corner of the plot. */
function showReading(plot: Plot): void {
  const note = plot.over.querySelector('output')
  if (note === null) return
  const { idx } = plot.cursor
  if (idx === null || idx === undefined) {
    note.textContent = ''
    return
  }
  const values = plot.series.slice(1).map((_, index) => formatNumber(plot.data[index + 1]?.[idx]))
  note.textContent = `step ${plot.data[0]?.[idx] ?? ''}: ${values.join(' · ')}`
}

function reading(): HTMLOutputElement {
  const note = document.createElement('output')
  note.style.cssText =
    'position:absolute;top:2px;right:6px;font-size:11px;color:var(--ink-soft);pointer-events:none'
  return note
}

/** All series on the union of their steps. */
function joined(series: readonly LongSeries[]): Plot.AlignedData {
  return Plot.join(series.map(({ x, y }) => [[...x], [...y]]))
}

/** A token as a colour that a canvas understands. */
function colorOf(element: HTMLElement, token: string): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${token})`
  element.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}

function describe(series: readonly LongSeries[]): string {
  return series
    .map(({ name, x, y }) => `${name}: ${x.length} points, last ${formatNumber(y.at(-1))}`)
    .join('; ')
}
