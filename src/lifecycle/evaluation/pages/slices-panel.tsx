import { useState } from 'react'
import { ForestPlot, type ForestRow } from '#ui/charts/forest-plot'
import { Button, Choice } from '#ui/kit/controls'
import { formatBound, formatNumber, metricTitle } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { metricNamed, type EvaluationReport, type MetricName, type SliceResult } from '../contract.ts'

const firstShown = 16

/** The same metric on parts of the rows: where the model is worse than its average says. */
export function SlicesPanel({ report }: { report: EvaluationReport }) {
  const names = report.metrics.map(({ name }) => name)
  const preferred = names.find((name) => name === 'roc_auc' || name === 'rmse') ?? names[0]
  const [chosen, choose] = useState<string>(preferred ?? '')
  const [showsAll, setShowsAll] = useState(false)
  const metric = names.find((name) => name === chosen)
  if (report.slices.length === 0 || metric === undefined) {
    return (
      <Panel title="Slices">
        <EmptyState title="No slices were measured.">
          Name them under “models: slices” in devmlops.yaml.
        </EmptyState>
      </Panel>
    )
  }
  const whole = metricNamed(report.metrics, metric)
  const higherIsBetter = whole?.status === 'value' ? whole.higherIsBetter : null
  const rows = sliceRows(report.slices, metric, higherIsBetter)
  const floor = sliceFloor(report, metric)
  return (
    <Panel
      title="Slices"
      note={noteOf(whole?.status === 'value' ? whole.value : undefined, floor)}
      aside={
        <Choice
          label="Metric"
          value={metric}
          onChange={choose}
          options={names.map((name) => ({ value: name, title: metricTitle(name) }))}
        />
      }
    >
      <ForestPlot
        caption={`${metricTitle(metric)} by slice`}
        valueTitle={metricTitle(metric)}
        rows={showsAll ? rows : rows.slice(0, firstShown)}
        {...(whole?.status === 'value' ? { whole: whole.value } : {})}
        {...(floor === undefined ? {} : { floor })}
      />
      {rows.length <= firstShown ? null : (
        <Button plain onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Show the worst only' : `Show all ${rows.length}`}
        </Button>
      )}
    </Panel>
  )
}

function noteOf(whole: number | undefined, floor: number | undefined): string {
  return [
    'Worst first.',
    whole === undefined ? '' : `Dotted: the model on all rows, ${formatNumber(whole)}.`,
    floor === undefined ? '' : `Red: the floor of a gate, ${formatBound(floor)}.`,
  ].join(' ')
}

function sliceRows(
  slices: readonly SliceResult[],
  metric: MetricName,
  higherIsBetter: boolean | null,
): ForestRow[] {
  const sign = higherIsBetter === false ? -1 : 1
  return slices
    .map((slice): ForestRow => {
      const value = metricNamed(slice.metrics, metric)
      const name =
        slice.pooledValues === undefined ? slice.name : `${slice.name} (${slice.pooledValues} values)`
      if (value?.status !== 'value') {
        return {
          key: slice.name,
          name,
          n: slice.n,
          missing: slice.tooSmall ? 'too few rows' : (value?.reason ?? 'not measured'),
        }
      }
      return {
        key: slice.name,
        name,
        n: slice.n,
        estimate: { value: value.value, low: value.interval.low, high: value.interval.high },
      }
    })
    .sort((left, right) => {
      if (left.estimate === undefined || right.estimate === undefined) {
        return Number(left.estimate === undefined) - Number(right.estimate === undefined)
      }
      return sign * (left.estimate.value - right.estimate.value)
    })
}

function sliceFloor({ gates }: EvaluationReport, metric: MetricName): number | undefined {
  const gate = gates.find(
    ({ rule }) =>
      rule.metric === metric &&
      (rule.worst_slice_at_least !== undefined || rule.worst_slice_at_most !== undefined),
  )
  return gate?.required.bound
}
