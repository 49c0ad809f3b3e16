import { useQueries } from '@tanstack/react-query'
import { SeriesChart, seriesColor } from '#ui/charts/series-chart'
import { useApi } from '#ui/api/api-provider'
import { metricTitle } from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import { type RunDocument, trackingContract } from '../contract.ts'
import { isRunning, metricKeys, pollRunningMs } from './run-facts.ts'
import styles from './metric-histories.module.css'

const shownCharts = 8
/** As many as a chart has pixels. */
const shownPoints = 600

interface History {
  readonly run: RunDocument
  readonly key: string
  readonly points: readonly { readonly step: number; readonly value: number | 'NaN' }[]
}

/** Charts of the metrics that were logged over steps; a metric logged once is a number, not a line. */
export function MetricHistories({ runs }: { runs: readonly RunDocument[] }) {
  const { transport } = useApi()
  // Only a metric whose latest point has a step has a history.
  const stepped = metricKeys(runs)
    .filter((key) =>
      runs.some(({ metrics }) => metrics.some((metric) => metric.key === key && metric.step > 0)),
    )
    .slice(0, shownCharts)
  const wanted = stepped.flatMap((key) =>
    runs.filter(({ metrics }) => metrics.some((metric) => metric.key === key)).map((run) => ({ run, key })),
  )
  const histories = useQueries({
    queries: wanted.map(({ run, key }) => {
      const input = { runId: run.id, key, points: shownPoints }
      const endpoint = trackingContract.metricHistory
      return {
        queryKey: [endpoint.path, input],
        queryFn: async ({ signal }: { signal: AbortSignal }): Promise<History> => {
          const answer = endpoint.output.parse(await transport('metricHistory', endpoint, input, { signal }))
          return { run, key, points: answer.items }
        },
        refetchInterval: isRunning(run) ? pollRunningMs : (false as const),
      }
    }),
  })
  const known = histories.flatMap(({ data }) => (data === undefined || data.points.length < 2 ? [] : [data]))
  const keys = stepped.filter((key) => known.some((history) => history.key === key))
  if (keys.length === 0) return null
  return (
    <Panel title="Over steps">
      <div className={styles['charts']}>
        {keys.map((key) => (
          <section key={key}>
            <h3 title={key}>{metricTitle(key)}</h3>
            <SeriesChart
              label={metricTitle(key)}
              series={known
                .filter((history) => history.key === key)
                .map(({ run, points }) => ({
                  name: run.name,
                  color: seriesColor(runs.findIndex(({ id }) => id === run.id)),
                  x: points.map(({ step }) => step),
                  y: points.map(({ value }) => (value === 'NaN' ? null : value)),
                }))}
            />
          </section>
        ))}
      </div>
    </Panel>
  )
}
