import { type MetricName, metricNamed, type MetricValue, type SliceResult, type Task } from './contract.ts'
import { formatCount, formatEstimate, formatNumber } from './format-number.ts'
import type { EvaluationReport } from './report.ts'

/** Slices shown by name; a report can hold hundreds. */
const maximumSlices = 20

/** The report as Markdown, for model cards and pull requests. */
export function renderReport(report: EvaluationReport): string {
  return [
    `# Evaluation of ${text(report.model)}`,
    summaryOf(report),
    gatesOf(report),
    metricsOf(report),
    comparisonsOf(report),
    slicesOf(report),
    calibrationOf(report),
  ]
    .filter((section) => section !== '')
    .join('\n\n')
    .concat('\n')
}

const verdictWords = { passed: 'Passed', failed: 'Failed', no_gates: 'Not judged' } as const
const outcomeWords = { passed: 'passed', failed: '**failed**', skipped: 'skipped' } as const

function summaryOf(report: EvaluationReport): string {
  const { period, nPositive, dataset } = report
  const positive = nPositive === null ? '' : `, ${formatCount(nPositive)} of them positive`
  const covered = period === null ? '' : `, from ${text(period.from)} to ${text(period.to)}`
  return [
    `**${verdictWords[report.verdict.outcome]}**: ${text(report.verdict.reason)}.`,
    '',
    `- Run: ${text(report.runId)}`,
    `- Data: ${text(dataset.name)}, version ${text(dataset.version)}${covered}`,
    `- Rows: ${formatCount(report.n)}${positive}`,
    `- Evaluated: ${text(report.evaluatedAt)}`,
  ].join('\n')
}

function gatesOf({ gates }: EvaluationReport): string {
  if (gates.length === 0) return ''
  const rows = gates.map(({ gate, outcome, reason }) => [text(gate), outcomeWords[outcome], text(reason)])
  return section('Gates', [['Gate', 'Outcome', 'Why'], ...rows])
}

function metricsOf(report: EvaluationReport): string {
  const rows = report.metrics.map((metric) => [metric.name, cell(metric), methodOf(metric)])
  const note = report.task === 'binary' ? `Decisions are made at the threshold ${report.threshold}.` : ''
  return section('Metrics', [['Metric', 'Value and 95 % interval', 'Interval'], ...rows], note)
}

function methodOf(metric: MetricValue): string {
  return metric.status === 'value' ? text(metric.interval.method) : ''
}

function comparisonsOf({ references }: EvaluationReport): string {
  return references
    .filter(({ status }) => status !== 'none')
    .map(({ role, name, reason, comparisons }) => {
      const title = `Against the ${role}, ${text(name ?? '')}`
      if (reason !== null) return `## ${title}\n\nCould not be scored: ${text(reason)}.`
      const rows = comparisons.map((comparison) =>
        comparison.status === 'value'
          ? [
              comparison.name,
              formatNumber(comparison.candidate),
              formatNumber(comparison.reference),
              formatEstimate(comparison.difference, comparison.interval),
            ]
          : [comparison.name, '', '', text(comparison.reason)],
      )
      return section(title, [['Metric', 'Candidate', role, 'Difference and 95 % interval'], ...rows])
    })
    .join('\n\n')
}

const sliceMetrics: Readonly<Record<Task, readonly MetricName[]>> = {
  binary: ['roc_auc', 'log_loss', 'calibration_gap', 'positive_rate'],
  regression: ['rmse', 'mae', 'mean_error'],
}

/** Worst first by the task's leading metric; what has no value comes last and stays visible. */
function slicesOf({ slices, task }: EvaluationReport): string {
  if (slices.length === 0) return ''
  const names = sliceMetrics[task]
  const leading = names[0] as MetricName
  const badness = (slice: SliceResult): number => {
    const metric = metricNamed(slice.metrics, leading)
    if (metric?.status !== 'value') return -Infinity
    return metric.higherIsBetter === true ? -metric.value : metric.value
  }
  const sorted = [...slices].sort((a, b) => {
    const [left, right] = [badness(a), badness(b)]
    return left === right ? 0 : right - left
  })
  const rows = sorted
    .slice(0, maximumSlices)
    .map((slice) => [text(slice.name), formatCount(slice.n), ...cellsOf(slice, names)])
  const hidden = sorted.length - rows.length
  const note = hidden > 0 ? `${hidden} more slices are in the report.` : ''
  return section('Slices, worst first', [['Slice', 'Rows', ...names], ...rows], note)
}

/** What all metrics of a slice lack for the same reason is said once. */
function cellsOf({ tooSmall, metrics }: SliceResult, names: readonly MetricName[]): readonly string[] {
  return names.map((name, place) => {
    const metric = metricNamed(metrics, name)
    if (metric === undefined) return ''
    return tooSmall && place > 0 ? '–' : cell(metric)
  })
}

function calibrationOf({ calibration }: EvaluationReport): string {
  if (calibration.length === 0) return ''
  const rows = calibration.map((bin) => [
    `${formatNumber(bin.lowestScore)} to ${formatNumber(bin.highestScore)}`,
    formatCount(bin.n),
    formatNumber(bin.meanScore),
    formatEstimate(bin.observedRate, bin.interval),
  ])
  return section('Calibration', [['Scores', 'Rows', 'Mean score', 'Observed rate'], ...rows])
}

function cell(metric: MetricValue): string {
  if (metric.status === 'value') return formatEstimate(metric.value, metric.interval)
  return `${metric.status}: ${text(metric.reason)}`
}

function section(title: string, [head = [], ...rows]: readonly (readonly string[])[], note = ''): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
  return [`## ${title}`, table, note].filter((part) => part !== '').join('\n\n')
}

/** Names come from data: `a|b` or a line break must not break the table, nor `<b>` or `](` become markup. */
function text(value: string): string {
  return value
    .replaceAll(/[\\|`*]/g, String.raw`\$&`)
    .replaceAll('](', String.raw`]\(`)
    .replaceAll('<', '&lt;')
    .replaceAll(/\s*[\r\n]+\s*/g, ' ')
}
