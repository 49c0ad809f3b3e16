import { formatBytes, formatDuration } from '#contract/units'
import { printSection, type Terminal } from '#platform/terminal/index'
import type { ArtifactEntry, MetricPoint, RunDocument, RunStatus } from './contract.ts'
import { reservedTags } from './contract.ts'
import type { LoggedModelDocument } from './logged-model-contract.ts'

const statusStyle = {
  RUNNING: 'cyan',
  SCHEDULED: 'dim',
  FINISHED: 'green',
  FAILED: 'red',
  KILLED: 'yellow',
} as const satisfies Record<RunStatus, string>

const shortIdLength = 8

/** One line a run. Shown metrics are those that most runs have. */
export function printRuns(terminal: Terminal, runs: readonly RunDocument[], now: number): void {
  const metrics = commonMetrics(runs, 3)
  terminal.table(runs, [
    { title: 'RUN', value: ({ id }) => id.slice(0, shortIdLength) },
    { title: 'NAME', value: ({ name }) => name, shrink: true },
    { title: 'STATUS', value: ({ status }) => terminal.style(status.toLowerCase(), statusStyle[status]) },
    { title: 'DURATION', value: (run) => durationOf(run, now), align: 'right' as const },
    ...metrics.map((key) => ({
      title: key.toUpperCase(),
      value: (run: RunDocument) => valueOf(run.metrics.find((metric) => metric.key === key)),
      align: 'right' as const,
    })),
    {
      title: 'PIPELINE',
      value: ({ tags }) =>
        [tags[reservedTags.pipeline], tags[reservedTags.step]].filter((part) => part !== undefined).join('/'),
      shrink: true,
    },
    { title: 'STARTED', value: ({ startedAt }) => timeOf(startedAt) },
  ])
}

export interface ShownRun {
  readonly run: RunDocument
  readonly artifacts: readonly ArtifactEntry[]
  /** The logged models that it made, newest first. */
  readonly models: readonly LoggedModelDocument[]
  /** Some points of each metric, in the order of their steps. */
  readonly histories: Readonly<Record<string, readonly MetricPoint[]>>
}

export function printRun(
  terminal: Terminal,
  { run, artifacts, models, histories }: ShownRun,
  now: number,
): void {
  const status = terminal.style(run.status.toLowerCase(), statusStyle[run.status])
  terminal.print(`${terminal.style(run.name, 'bold')}  ${status}  ${terminal.style(run.id, 'dim')}`)
  const facts = [
    `experiment ${run.experimentId}`,
    `by ${run.user}`,
    timeOf(run.startedAt),
    durationOf(run, now),
    run.lifecycleStage === 'deleted' ? 'deleted' : '',
  ]
  terminal.print(facts.filter((fact) => fact !== '').join(' · '))
  printSection(terminal, 'Metrics', {
    items: run.metrics,
    columns: [
      { title: 'METRIC', value: ({ key }) => key },
      { title: 'LATEST', value: (metric) => valueOf(metric), align: 'right' },
      { title: 'STEP', value: ({ step }) => String(step), align: 'right' },
      { title: '', value: ({ key }) => sparkline(histories[key] ?? []) },
    ],
  })
  printPairs(terminal, 'Parameters', Object.entries(run.params))
  printSection(terminal, 'Data', {
    items: run.inputs,
    columns: [
      { title: 'DATASET', value: ({ name }) => name },
      { title: 'CONTEXT', value: ({ context }) => context ?? '' },
      { title: 'DIGEST', value: ({ digest }) => digest.slice(0, 19) },
      { title: 'SOURCE', value: ({ source }) => source, shrink: true },
    ],
  })
  printSection(terminal, 'Models', {
    items: models,
    columns: [
      { title: 'NAME', value: ({ name }) => name },
      { title: 'STATUS', value: ({ status }) => status.toLowerCase() },
      { title: 'TYPE', value: ({ modelType }) => modelType ?? '' },
      { title: 'URI', value: ({ id }) => `models:/${id}` },
    ],
  })
  printSection(terminal, 'Artifacts', {
    items: artifacts,
    columns: [
      { title: 'PATH', value: ({ path, isDirectory }) => (isDirectory ? `${path}/` : path) },
      {
        title: 'SIZE',
        value: ({ sizeBytes }) => (sizeBytes === undefined ? '' : formatBytes(sizeBytes)),
        align: 'right',
      },
      { title: 'DIGEST', value: ({ digest }) => digest?.slice(0, 19) ?? '' },
    ],
  })
  printPairs(terminal, 'Tags', Object.entries(run.tags))
}

/** Side by side, one column a run; rows that differ are marked. */
export function printComparison(terminal: Terminal, runs: readonly RunDocument[], now: number): void {
  const rows = [
    row('status', runs, ({ status }) => status.toLowerCase()),
    row('duration', runs, (run) => durationOf(run, now)),
    ...keysOf(runs, ({ params }) => Object.keys(params)).map((key) =>
      row(`param ${key}`, runs, ({ params }) => params[key] ?? ''),
    ),
    ...keysOf(runs, ({ metrics }) => metrics.map((metric) => metric.key)).map((key) =>
      row(key, runs, ({ metrics }) => valueOf(metrics.find((metric) => metric.key === key))),
    ),
    ...keysOf(runs, ({ inputs }) => inputs.map(({ name }) => name)).map((name) =>
      row(
        `data ${name}`,
        runs,
        ({ inputs }) => inputs.find((input) => input.name === name)?.digest.slice(0, 19) ?? '',
      ),
    ),
    row('commit', runs, ({ tags }) => tags[reservedTags.gitCommit]?.slice(0, 12) ?? ''),
  ]
  terminal.table(rows, [
    { title: '', value: ({ differs }) => (differs ? terminal.style('≠', 'yellow') : ' ') },
    { title: '', value: ({ label }) => label },
    ...runs.map((run, index) => ({
      title: `${run.name} (${run.id.slice(0, shortIdLength)})`,
      value: ({ values, differs }: ComparedRow) =>
        differs ? (values[index] ?? '') : terminal.style(values[index] ?? '', 'dim'),
      align: 'right' as const,
    })),
  ])
}

const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const

/** The values in the order of their steps; NaN is a gap. Empty for a metric that was logged once. */
function sparkline(points: readonly MetricPoint[]): string {
  if (points.length < 2) return ''
  const ordered = [...points].sort((a, b) => a.step - b.step || a.timestamp - b.timestamp)
  const values = ordered.flatMap(({ value }) => (value === 'NaN' ? [] : [value]))
  const low = Math.min(...values)
  const range = Math.max(...values) - low
  return ordered
    .map(({ value }) => {
      if (value === 'NaN') return ' '
      const share = range === 0 || !Number.isFinite(range) ? 0.5 : (value - low) / range
      return bars[Math.round(share * (bars.length - 1))] ?? ' '
    })
    .join('')
}

function printPairs(terminal: Terminal, title: string, pairs: readonly (readonly [string, string])[]): void {
  printSection(terminal, title, {
    items: pairs,
    columns: [
      { title: 'NAME', value: ([key]) => key },
      { title: 'VALUE', value: ([, value]) => value, shrink: true },
    ],
  })
}

interface ComparedRow {
  readonly label: string
  readonly values: readonly string[]
  readonly differs: boolean
}

function row(label: string, runs: readonly RunDocument[], value: (run: RunDocument) => string): ComparedRow {
  const values = runs.map(value)
  return { label, values, differs: new Set(values).size > 1 }
}

function keysOf(runs: readonly RunDocument[], keys: (run: RunDocument) => readonly string[]): string[] {
  return [...new Set(runs.flatMap(keys))].sort()
}

function commonMetrics(runs: readonly RunDocument[], count: number): string[] {
  const occurrences = new Map<string, number>()
  for (const { metrics } of runs) {
    for (const { key } of metrics) occurrences.set(key, (occurrences.get(key) ?? 0) + 1)
  }
  // What models are compared by comes first. The sort is stable: of equals, those that were named first.
  return [...occurrences]
    .sort(([left, leftCount], [right, rightCount]) => rank(left) - rank(right) || rightCount - leftCount)
    .slice(0, count)
    .map(([key]) => key)
}

/** Metrics that a list of runs should show before any other; `evaluation/roc_auc` counts as `roc_auc`. */
const headlines = ['roc_auc', 'log_loss', 'accuracy', 'f1', 'rmse', 'mae', 'r2', 'val_loss', 'loss']

function rank(key: string): number {
  const at = headlines.indexOf(key.slice(key.lastIndexOf('/') + 1))
  return at === -1 ? headlines.length : at
}

function valueOf(point: MetricPoint | undefined): string {
  if (point === undefined) return ''
  return point.value === 'NaN' ? 'NaN' : String(Number(point.value.toPrecision(5)))
}

function durationOf({ startedAt, endedAt, status }: RunDocument, now: number): string {
  if (startedAt === null) return ''
  if (endedAt !== null) return formatDuration(endedAt - startedAt)
  return status === 'RUNNING' ? `${formatDuration(now - startedAt)}…` : ''
}

function timeOf(time: number | null): string {
  return time === null ? '' : new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
