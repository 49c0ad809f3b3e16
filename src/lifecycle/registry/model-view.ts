import { formatBytes, formatCount } from '#contract/units'
import type { EvaluationReport, Interval } from '#lifecycle/evaluation/index'
import { printSection, type Terminal } from '#platform/terminal/index'
import type {
  Lineage,
  ModelVersion,
  RegisteredModel,
  StageTransition,
  Trace,
  Transition,
  Verdict,
} from './contract.ts'

const shownMoves = 10
const shownSlices = 8

const verdictWords = { passed: 'passed', failed: 'failed', no_gates: 'no gates' } as const
const verdictStyles = { passed: 'green', failed: 'red', no_gates: 'dim' } as const

export function printModels(terminal: Terminal, models: readonly RegisteredModel[]): void {
  terminal.table(models, [
    { title: 'MODEL', value: ({ name }) => name },
    { title: 'VERSIONS', value: ({ latestVersion }) => String(latestVersion ?? 0), align: 'right' },
    {
      title: 'ALIASES',
      value: ({ aliases }) =>
        Object.entries(aliases)
          .map(([alias, version]) => `${alias}=${version}`)
          .join(' '),
    },
    { title: 'CHANGED', value: ({ updatedAt }) => timeOf(updatedAt) },
    { title: 'DESCRIPTION', value: ({ description }) => description, shrink: true },
  ])
}

export interface ModelOverview {
  readonly model: RegisteredModel
  readonly versions: readonly ModelVersion[]
  readonly transitions: readonly Transition[]
  readonly stages: readonly StageTransition[]
}

export function printModel(terminal: Terminal, overview: ModelOverview): void {
  const { model, versions, transitions, stages } = overview
  terminal.print(terminal.style(model.name, 'bold'))
  if (model.description !== '') terminal.print(model.description)
  printSection(terminal, 'Versions', {
    items: versions,
    columns: [
      { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
      { title: 'ALIASES', value: ({ aliases }) => terminal.style(aliases.join(' '), 'cyan') },
      ...(versions.some(({ stage }) => stage !== 'None')
        ? [{ title: 'STAGE', value: ({ stage }: ModelVersion) => (stage === 'None' ? '' : stage) }]
        : []),
      { title: 'GATES', value: ({ evaluation }) => verdictOf(terminal, evaluation?.verdict) },
      { title: 'RUN', value: ({ runId }) => runId?.slice(0, 8) ?? '' },
      { title: 'CREATED', value: ({ createdAt }) => timeOf(createdAt) },
      { title: 'BY', value: ({ createdBy }) => createdBy },
      { title: 'DESCRIPTION', value: ({ description }) => description, shrink: true },
    ],
  })
  printMoves(terminal, transitions)
  printStages(terminal, stages)
  const [newest] = versions
  if (newest !== undefined) {
    terminal.print(`\nOne version: devmlops models show ${model.name}@${newest.aliases[0] ?? newest.version}`)
  }
}

export interface ShownVersion {
  readonly trace: Trace
  readonly report: EvaluationReport | null
}

export function printVersion(terminal: Terminal, { trace, report }: ShownVersion): void {
  const { version, run } = trace
  const aliases = version.aliases.length === 0 ? '' : `  ${terminal.style(version.aliases.join(' '), 'cyan')}`
  terminal.print(`${terminal.style(`${version.model} version ${version.version}`, 'bold')}${aliases}`)
  if (version.description !== '') terminal.print(version.description)
  terminal.print(
    `${timeOf(version.createdAt)} · by ${version.createdBy} · gates ${verdictOf(terminal, version.evaluation?.verdict)}`,
  )
  if (report !== null) printReport(terminal, report)
  printSection(terminal, 'Signature', {
    items: [
      ...(version.signature?.inputs ?? []).map((input) => ({ ...input, way: 'in' })),
      ...(version.signature?.outputs ?? []).map((output) => ({ ...output, way: 'out', required: false })),
    ],
    columns: [
      { title: '', value: ({ way }) => way },
      { title: 'COLUMN', value: ({ name }) => name },
      { title: 'TYPE', value: ({ type }) => type },
      { title: '', value: ({ way, required }) => (way === 'in' && !required ? 'optional' : '') },
    ],
  })
  printSection(terminal, 'Lineage', {
    items: [...originRows(version), ...lineageRows(version.lineage, run)],
    columns: [
      { title: '', value: ([what]) => what },
      { title: '', value: ([, value]) => value, shrink: true },
    ],
  })
  printSection(terminal, 'Files', {
    items: version.artifacts,
    columns: [
      { title: 'PATH', value: ({ path }) => path },
      { title: 'SIZE', value: ({ sizeBytes }) => formatBytes(sizeBytes), align: 'right' },
      { title: 'DIGEST', value: ({ digest }) => digest.slice(0, 19) },
    ],
  })
  printMoves(terminal, trace.transitions)
  printStages(terminal, trace.stages)
}

function printReport(terminal: Terminal, report: EvaluationReport): void {
  const outcomeStyles = { passed: 'green', failed: 'red', skipped: 'dim' } as const
  printSection(terminal, 'Gates', {
    items: report.gates,
    columns: [
      { title: '', value: ({ outcome }) => terminal.style(outcome, outcomeStyles[outcome]) },
      { title: 'GATE', value: ({ gate }) => gate },
      { title: 'WHY', value: ({ reason }) => reason, shrink: true },
    ],
  })
  printSection(terminal, `Metrics on ${report.dataset.name}, ${formatCount(report.n)} rows`, {
    items: report.metrics,
    columns: [
      { title: 'METRIC', value: ({ name }) => name },
      {
        title: 'VALUE [95 %]',
        value: (metric) =>
          metric.status === 'value'
            ? estimate(metric.value, metric.interval)
            : `${metric.status}: ${metric.reason}`,
        shrink: true,
      },
    ],
  })
  const leading = report.task === 'binary' ? 'roc_auc' : 'rmse'
  const slices = report.slices
    .flatMap((slice) => {
      const metric = slice.metrics.find(({ name }) => name === leading)
      return metric?.status === 'value' ? [{ slice, metric }] : []
    })
    .sort((left, right) =>
      leading === 'roc_auc' ? left.metric.value - right.metric.value : right.metric.value - left.metric.value,
    )
  const shown = Math.min(shownSlices, slices.length)
  printSection(terminal, `Slices, the worst ${shown} of ${report.slices.length}`, {
    items: slices.slice(0, shownSlices),
    columns: [
      { title: 'SLICE', value: ({ slice }) => slice.name },
      { title: 'ROWS', value: ({ slice }) => formatCount(slice.n), align: 'right' },
      {
        title: `${leading.toUpperCase()} [95 %]`,
        value: ({ metric }) => estimate(metric.value, metric.interval),
      },
    ],
  })
}

function printMoves(terminal: Terminal, moves: readonly Transition[]): void {
  printSection(terminal, 'History', {
    items: moves.slice(-shownMoves).reverse(),
    columns: [
      { title: 'TIME', value: ({ time }) => timeOf(time) },
      { title: 'ALIAS', value: ({ alias }) => alias },
      {
        title: 'VERSION',
        value: ({ fromVersion, toVersion }) => `${fromVersion ?? '–'} → ${toVersion ?? '–'}`,
      },
      { title: 'WHAT', value: ({ kind, forced }) => (forced ? `${kind}, forced` : kind) },
      { title: 'BY', value: ({ actor }) => actor },
      { title: 'REASON', value: ({ reason }) => reason, shrink: true },
    ],
  })
}

function printStages(terminal: Terminal, moves: readonly StageTransition[]): void {
  if (moves.length === 0) return
  printSection(terminal, 'Stages', {
    items: moves.slice(-shownMoves).reverse(),
    columns: [
      { title: 'TIME', value: ({ time }) => timeOf(time) },
      { title: 'VERSION', value: ({ version }) => String(version), align: 'right' },
      { title: 'STAGE', value: ({ from, to }) => `${from} → ${to}` },
      { title: 'BY', value: ({ actor }) => actor },
    ],
  })
}

/** Where the version came from, when an MLflow client registered it. */
function originRows({ source, runLink, modelId, stage, flavors }: ModelVersion): [string, string][] {
  return [
    ...(stage === 'None' ? [] : [['stage', stage] as [string, string]]),
    ...(source === null ? [] : [['source, by MLflow', source] as [string, string]]),
    ...(flavors.length === 0 ? [] : [['flavours', flavors.join(', ')] as [string, string]]),
    ...(modelId === null ? [] : [['logged model', modelId] as [string, string]]),
    ...(runLink === null ? [] : [['run, elsewhere', runLink] as [string, string]]),
  ]
}

function lineageRows(lineage: Lineage, run: Trace['run']): (readonly [string, string])[] {
  const { datasets, parameters, code, pipeline, environment } = lineage
  const pairs = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ')
  return [
    ...(run === null ? [] : [['run', `${run.name} ${run.id.slice(0, 8)}`] as const]),
    ...(pipeline === undefined ? [] : [['pipeline', `${pipeline.name} ${pipeline.runId}`] as const]),
    ...(code === undefined
      ? []
      : [
          [
            'code',
            `${code.commit ?? 'no commit'}${code.dirty ? ', with changes no commit holds' : ''}`,
          ] as const,
        ]),
    ...datasets.map(
      ({ name, version, digest, role }) =>
        [
          role === undefined ? 'data' : `data, ${role}`,
          `${version === '' ? name : `${name}@${version}`} ${digest.slice(0, 19)}`,
        ] as const,
    ),
    ...(Object.keys(parameters).length === 0 ? [] : [['parameters', pairs(parameters)] as const]),
    ...(run === null || Object.keys(run.params).length === 0
      ? []
      : [['run parameters', pairs(run.params)] as const]),
    ...(Object.keys(environment).length === 0 ? [] : [['environment', pairs(environment)] as const]),
  ]
}

function verdictOf(terminal: Terminal, verdict: Verdict | undefined): string {
  return verdict === undefined
    ? 'not evaluated'
    : terminal.style(verdictWords[verdict], verdictStyles[verdict])
}

function estimate(value: number, interval: Interval): string {
  const number = (amount: number): string => String(Number(amount.toPrecision(4)))
  return `${number(value)} [${number(interval.low)}, ${number(interval.high)}]`
}

function timeOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace('T', ' ')
}
