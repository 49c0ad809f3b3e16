import { lazy, Suspense } from 'react'

export interface LongSeries {
  readonly name: string
  readonly color: string
  /** Ascending. */
  readonly x: readonly number[]
  readonly y: readonly (number | null)[]
}

/** The plotting library is fetched by the first page that draws a history; most pages never do. */
const SeriesPlot = lazy(async () => ({ default: (await import('./series-plot.tsx')).SeriesPlot }))

const height = 170

/** Lines of many points: the history of a metric over steps. */
export function SeriesChart({ label, series }: { label: string; series: readonly LongSeries[] }) {
  return (
    <Suspense fallback={<div style={{ height }} />}>
      <SeriesPlot label={label} series={series} height={height} />
    </Suspense>
  )
}

/** The colour of the n-th line. */
export function seriesColor(index: number): string {
  return `--series-${(index % 6) + 1}`
}
