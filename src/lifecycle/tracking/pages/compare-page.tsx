import { useQueries } from '@tanstack/react-query'
import { useApi } from '#ui/api/api-provider'
import { seriesColor } from '#ui/charts/series-chart'
import { DataTable, type TableColumn } from '#ui/kit/data-table'
import { formatNumber, metricTitle } from '#ui/kit/format'
import { EmptyState, ErrorNotice, Waiting } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel, Stack } from '#ui/kit/panel'
import { places } from '#ui/places'
import { Link, useSearchField } from '#ui/router/router'
import { type RunDocument, trackingContract } from '../contract.ts'
import { MetricHistories } from './metric-histories.tsx'
import { metricKeys, metricOf, parameterKeys } from './run-facts.ts'
import styles from './compare-page.module.css'

const crumbs = [{ title: 'Runs', href: places.runs.to({}) }]

export function ComparePage() {
  const [chosen] = useSearchField('runs')
  const ids = chosen.split(',').filter(Boolean)
  const { transport } = useApi()
  const queries = useQueries({
    queries: ids.map((runId) => {
      const endpoint = trackingContract.getRun
      return {
        queryKey: [endpoint.path, { runId }],
        queryFn: async ({ signal }: { signal: AbortSignal }) =>
          endpoint.output.parse(await transport('getRun', endpoint, { runId }, { signal })),
      }
    }),
  })
  const failure = queries.find(({ error }) => error !== null)
  const runs = queries.flatMap(({ data }) => (data === undefined ? [] : [data]))
  return (
    <>
      <PageHeader title={ids.length === 0 ? 'Compare runs' : `Compare ${ids.length} runs`} crumbs={crumbs} />
      {failure === undefined ? null : <ErrorNotice error={failure.error} />}
      {ids.length < 2 ? (
        <Panel title="Nothing to compare">
          <EmptyState title="Choose two runs or more in the list of runs." />
        </Panel>
      ) : runs.length < ids.length ? (
        failure === undefined ? (
          <Waiting />
        ) : null
      ) : (
        <Comparison runs={runs} />
      )}
    </>
  )
}

interface Line {
  readonly key: string
  readonly title: string
  readonly values: readonly (string | number | undefined)[]
}

function Comparison({ runs }: { runs: readonly RunDocument[] }) {
  const metrics = metricKeys(runs).map((key): Line => ({
    key,
    title: metricTitle(key),
    values: runs.map((run) => metricOf(run, key)),
  }))
  const { differing, same } = parameterKeys(runs)
  const parameters = [...differing, ...same].map((key): Line => ({
    key,
    title: key,
    values: runs.map(({ params }) => params[key]),
  }))
  return (
    <Stack>
      <MetricHistories runs={runs} />
      <Panel
        title="Metrics"
        note="The bar shows where each run stands between the lowest and the highest."
        flush
      >
        <DataTable
          caption="Metrics of the runs"
          rows={metrics}
          rowKey={({ key }) => key}
          columns={lineColumns(runs, 'metric')}
        />
      </Panel>
      <Panel
        title="Parameters"
        note={
          differing.length === 0
            ? 'All the same.'
            : `${differing.length} differ (first), ${same.length} are the same.`
        }
        flush
      >
        <DataTable
          caption="Parameters of the runs"
          rows={parameters}
          rowKey={({ key }) => key}
          columns={lineColumns(runs, 'parameter')}
          isSelected={({ key }) => differing.includes(key)}
        />
      </Panel>
    </Stack>
  )
}

function lineColumns(runs: readonly RunDocument[], kind: 'metric' | 'parameter'): TableColumn<Line>[] {
  return [
    { key: 'name', title: kind === 'metric' ? 'Metric' : 'Parameter', cell: ({ title }) => title },
    ...runs.map((run, index): TableColumn<Line> => ({
      key: run.id,
      title: (
        <Link href={places.run.to({ runId: run.id })} className={styles['run']}>
          <i style={{ background: `var(${seriesColor(index)})` }} aria-hidden="true" />
          {run.name}
        </Link>
      ),
      cell: ({ values }) => {
        const value = values[index]
        if (typeof value === 'string') return <code>{value}</code>
        return <Standing value={value} values={values} />
      },
    })),
  ]
}

function Standing({
  value,
  values,
}: {
  value: number | undefined
  values: readonly (string | number | undefined)[]
}) {
  const known = values.filter((one): one is number => typeof one === 'number' && Number.isFinite(one))
  const [low, high] = [Math.min(...known), Math.max(...known)]
  const share = value === undefined || high === low ? 0 : (value - low) / (high - low)
  return (
    <span className={styles['standing']}>
      {formatNumber(value)}
      <i aria-hidden="true">
        <b style={{ width: `${share * 100}%` }} />
      </i>
    </span>
  )
}
