import { BandChart } from '#ui/charts/band-chart'
import type { BandPoint, BandSeries } from '#ui/charts/band-series'
import { seriesColor } from '#ui/charts/series-chart'
import { formatCount, formatDay, formatShare, metricTitle } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Columns, Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import type { MonitoredWindow } from '../contract.ts'
import { levelsOfRule } from './rule-levels.ts'

/** Shown beside the metrics that rules judge, as far as there are labels. */
const alwaysShown = ['roc_auc', 'log_loss', 'rmse']

/**
 * Metrics on the labels that came later, window by window, against the rules of the project. Windows stand side by side
 * whatever lies between them: a request without a time of its own falls into the window of today, years after the data.
 */
export function PerformancePanels({ windows }: { windows: readonly MonitoredWindow[] }) {
  const judged = windows.filter(({ findings }) => findings !== undefined)
  const dayOf = (of: readonly MonitoredWindow[]) => (index: number) => formatDay(of[index]?.window.start ?? 0)
  const rules = new Map(
    judged.flatMap(
      ({ findings }) => findings?.performance.map((finding) => [finding.subject, finding] as const) ?? [],
    ),
  )
  const judgedMetrics = [...rules.values()].map(({ metric }) => metric.name)
  const realized = new Set(
    judged.flatMap(
      ({ findings }) => findings?.versions.flatMap(({ metrics }) => metrics.map(({ name }) => name)) ?? [],
    ),
  )
  const extra = alwaysShown
    .filter((name) => realized.has(name as never) && !judgedMetrics.includes(name as never))
    .slice(0, 2)
  if (rules.size === 0 && extra.length === 0) {
    return (
      <Panel title="Realized performance" flush>
        <EmptyState
          title="No true labels have arrived yet."
          command="devmlops feedback NAME --file labels.csv"
        />
      </Panel>
    )
  }
  return (
    <Columns>
      {[...rules.values()].map((latest) => (
        <Panel
          key={latest.subject}
          title={metricTitle(latest.metric.name)}
          note={latest.subject}
          aside={<StateMark tone={toneOf(latest.verdict)}>{latest.verdict}</StateMark>}
        >
          <BandChart
            label={latest.subject}
            formatX={dayOf(judged)}
            series={versionSeries(judged, latest.metric.name)}
            levels={levelsOfRule(latest.subject)}
          />
        </Panel>
      ))}
      {extra.map((name) => (
        <Panel key={name} title={metricTitle(name)} note="Realized, with its 95 % interval">
          <BandChart label={metricTitle(name)} formatX={dayOf(judged)} series={versionSeries(judged, name)} />
        </Panel>
      ))}
      <Panel title="Predictions and labels" note={coverageNote(windows)}>
        <BandChart
          label="Predictions and labels by window"
          formatX={dayOf(windows)}
          includeZero
          series={[
            {
              name: 'Predictions',
              color: '--series-1',
              points: windows.map(({ rows }, x) => ({ x, value: rows })),
            },
            {
              name: 'Labels',
              color: '--series-3',
              points: windows.map(({ labels }, x) => ({ x, value: labels })),
            },
          ]}
        />
      </Panel>
    </Columns>
  )
}

/** One line for each version that answered: a new champion starts its own. */
function versionSeries(windows: readonly MonitoredWindow[], metric: string): BandSeries[] {
  const versions = [
    ...new Set(windows.flatMap(({ findings }) => findings?.versions.map(({ version }) => version) ?? [])),
  ].sort((left, right) => left - right)
  return versions
    .map((version, index) => ({
      name: `v${version}`,
      color: seriesColor(index),
      points: windows.flatMap((window, x) => pointOf(window, x, { version, metric })),
    }))
    .filter(({ points }) => points.some(({ value }) => value !== null))
}

function pointOf(
  { findings }: MonitoredWindow,
  x: number,
  { version, metric }: { version: number; metric: string },
): BandPoint[] {
  const measured = findings?.versions.find((one) => one.version === version)
  if (measured === undefined) return []
  const found = measured.metrics.find(({ name }) => name === metric)
  if (found?.status !== 'value') return [{ x, value: null }]
  return [{ x, value: found.value, low: found.interval.low, high: found.interval.high }]
}

function coverageNote(windows: readonly MonitoredWindow[]): string {
  const rows = windows.reduce((sum, window) => sum + window.rows, 0)
  const labels = windows.reduce((sum, window) => sum + window.labels, 0)
  return `${formatCount(labels)} of ${formatCount(rows)} predictions have a label (${formatShare(rows === 0 ? null : labels / rows)})`
}
