import { DataTable, type TableColumn } from '#ui/kit/data-table'
import {
  formatChange,
  formatCount,
  formatDay,
  formatInterval,
  formatNumber,
  metricTitle,
  versionLabel,
} from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import type { Comparison, EvaluationReport, MetricValue } from '../contract.ts'
import styles from './evaluation.module.css'

/** Each metric with its doubt, beside the same rows scored by the champion and the baseline. */
export function MetricsPanel({ report }: { report: EvaluationReport }) {
  const compared = report.references.filter(({ status }) => status === 'compared')
  return (
    <Panel title="Metrics" note={describeRows(report)} flush>
      <DataTable
        caption="Metrics with 95 % intervals"
        rows={report.metrics}
        rowKey={({ name }) => name}
        columns={[
          { key: 'name', title: 'Metric', cell: ({ name }) => <span title={name}>{metricTitle(name)}</span> },
          { key: 'value', title: 'Value', numeric: true, cell: valueCell },
          { key: 'interval', title: '95 % interval', numeric: true, cell: intervalCell },
          ...compared.map(({ role, name, comparisons }): TableColumn<MetricValue> => ({
            key: role,
            title: `vs ${role}`,
            hint: `${name ?? role}, on the same rows; the 95 % interval of the difference is in the tooltip`,
            numeric: true,
            cell: (metric) => <Difference comparison={comparisons.find((one) => one.name === metric.name)} />,
          })),
          {
            key: 'rows',
            title: 'Rows',
            numeric: true,
            cell: (metric) => ('n' in metric ? formatCount(metric.n) : '–'),
          },
        ]}
      />
    </Panel>
  )
}

function valueCell(metric: MetricValue) {
  if (metric.status === 'value') return <b>{formatNumber(metric.value)}</b>
  return (
    <span title={metric.reason}>
      <Badge tone={metric.status === 'error' ? 'bad' : 'quiet'}>{metric.status}</Badge>
    </span>
  )
}

function intervalCell(metric: MetricValue) {
  if (metric.status !== 'value') return <span className={styles['why']}>{metric.reason}</span>
  return (
    <span title={metric.interval.method}>{formatInterval(metric.interval.low, metric.interval.high)}</span>
  )
}

/** Coloured only when the interval leaves no doubt which is better. */
function Difference({ comparison }: { comparison: Comparison | undefined }) {
  if (comparison === undefined || comparison.status !== 'value')
    return <span title={comparison?.reason}>–</span>
  const { difference, interval, higherIsBetter } = comparison
  const isCertain = interval.low > 0 || interval.high < 0
  const isBetter = higherIsBetter === null ? undefined : difference > 0 === higherIsBetter
  const tone = !isCertain || isBetter === undefined ? '' : isBetter ? styles['better'] : styles['worse']
  return (
    <span className={tone} title={`${formatInterval(interval.low, interval.high)} (${interval.method})`}>
      {formatChange(difference)}
    </span>
  )
}

function describeRows({ n, nPositive, dataset, period, threshold, task }: EvaluationReport): string {
  return [
    `${formatCount(n)} rows of ${dataset.name}${dataset.version === '' ? '' : `@${versionLabel(dataset.version)}`}`,
    period === null ? '' : `${formatDay(period.from)} to ${formatDay(period.to, true)}`,
    nPositive === null ? '' : `${formatCount(nPositive)} positive`,
    task === 'binary' ? `threshold ${formatNumber(threshold)}` : '',
  ]
    .filter(Boolean)
    .join(' · ')
}
