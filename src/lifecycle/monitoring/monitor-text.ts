import type { Terminal } from '#platform/terminal/index'
import type { CanaryTrial, CheckResult, MonitoredWindow, MonitorStatus, Retraining } from './contract.ts'
import { countWords, percent, shortNumber } from './figures.ts'
import type { Alert, Verdict } from './findings.ts'

const verdictStyle = { clean: 'green', breached: 'red', unknown: 'dim' } as const
const stateStyle = { pending: 'yellow', firing: 'red', resolved: 'green' } as const
const bars = '▁▂▃▄▅▆▇█'

export function printMonitors(terminal: Terminal, monitors: readonly MonitorStatus[]): void {
  if (monitors.length === 0) {
    return terminal.print('Nothing is monitored. Add an entry under `monitors` in devmlops.yaml.')
  }
  terminal.table(monitors, [
    { title: 'MONITOR', value: (one) => one.name },
    { title: 'PREDICTIONS', value: (one) => countWords(one.predictions), align: 'right' },
    { title: 'LABELS', value: (one) => countWords(one.labels), align: 'right' },
    { title: 'WINDOWS', value: ({ windows }) => `${windows.judged} judged`, align: 'right' },
    { title: 'ALERTS', value: ({ alerts }) => alertCounts(terminal, alerts) },
    {
      title: 'LAST CHECK',
      value: (one) => (one.failure ? `failed: ${one.failure.reason}` : day(one.checkedAt)),
      shrink: true,
    },
  ])
}

function alertCounts(terminal: Terminal, alerts: readonly Alert[]): string {
  const firing = alerts.filter(({ state }) => state === 'firing').length
  if (firing > 0) return terminal.style(`${firing} firing`, 'red')
  return alerts.length > 0 ? terminal.style(`${alerts.length} pending`, 'yellow') : 'none'
}

export function printChecks(terminal: Terminal, results: readonly CheckResult[]): void {
  if (results.length === 0)
    terminal.print('Nothing is monitored. Add an entry under `monitors` in devmlops.yaml.')
  for (const { monitor, read, judged, changes, retraining, canary } of results) {
    const windows = `${judged.length} window${judged.length === 1 ? '' : 's'} judged`
    terminal.print(`${terminal.style(monitor, 'bold')}  ${countWords(read)} new predictions, ${windows}`)
    // What became of each alert; the steps in between are in its history.
    for (const { to, kind, window, reason } of new Map(changes.map((one) => [one.alert, one])).values()) {
      terminal.print(`  ${day(window.start)}  ${terminal.style(to, stateStyle[to])} ${kind}: ${reason}`)
    }
    if (judged.length > 0 && changes.length === 0) terminal.print('  no alert changed')
    printFollowing(terminal, retraining, canary)
  }
}

export function printMonitor(
  terminal: Terminal,
  {
    status,
    windows,
    metric,
  }: {
    readonly status: MonitorStatus
    readonly windows: readonly MonitoredWindow[]
    readonly metric: string | undefined
  },
): void {
  const { name, predictions, labels, failure, alerts } = status
  const covered = predictions === 0 ? '' : ` (${percent(labels / predictions)})`
  terminal.print(
    `${terminal.style(name, 'bold')}  ${countWords(predictions)} predictions, ${countWords(labels)} labels${covered}`,
  )
  if (failure !== undefined) terminal.warn(`the check of ${failure.at} failed: ${failure.reason}`)
  if (windows.length === 0) return terminal.print('  no window yet: no prediction was read')
  const metrics = metric === undefined ? metricsShown(windows) : [metric]
  terminal.table(windows, [
    { title: '  WINDOW', value: ({ window }) => `  ${spanOf(window)}` },
    { title: 'VERSION', value: ({ findings }) => (findings === undefined ? '' : `v${findings.version}`) },
    { title: 'ROWS', value: (one) => countWords(one.rows), align: 'right' },
    { title: 'LABELS', value: (one) => countWords(one.labels), align: 'right' },
    { title: 'DRIFT', value: (one) => worded(terminal, one, one.findings?.drift.verdict) },
    { title: 'WORST COLUMN', value: worstColumn },
    ...metrics.map((wanted) => ({
      title: wanted.toUpperCase(),
      value: (one: MonitoredWindow) => shownMetric(one, wanted),
      align: 'right' as const,
    })),
    { title: 'PERFORMANCE', value: (one) => worded(terminal, one, performanceVerdict(one)) },
  ])
  for (const wanted of metrics) {
    const line = sparkline(windows.map((one) => metricValue(one, wanted)))
    if (line !== '') terminal.print(`  ${wanted}  ${line}`)
  }
  for (const alert of alerts) {
    terminal.print(`  ${terminal.style(alert.state, stateStyle[alert.state])} ${alert.kind}: ${alert.reason}`)
  }
  printFollowing(terminal, status.retraining, status.canary)
}

export function printAlerts(terminal: Terminal, alerts: readonly Alert[]): void {
  if (alerts.length === 0) return terminal.print('No alerts.')
  for (const { state, monitor, kind, subject, since, resolvedAt, breachedWindows, reason } of alerts) {
    const until = resolvedAt === null ? '' : ` until ${day(resolvedAt)}`
    const windows = `${breachedWindows} window${breachedWindows === 1 ? '' : 's'}`
    const title = `${monitor}: ${kind} of ${subject}`
    terminal.print(
      `${terminal.style(state, stateStyle[state])}  ${terminal.style(title, 'bold')}  since ${day(since)}${until}, ${windows}`,
    )
    terminal.print(`  ${reason}`)
  }
}

function printFollowing(terminal: Terminal, retraining?: Retraining, canary?: CanaryTrial): void {
  if (retraining !== undefined) terminal.print(`  retraining: ${retrainingWords(retraining)}`)
  if (canary !== undefined) terminal.print(`  canary: ${canaryWords(canary)}`)
}

function retrainingWords({ decision, state, pipeline, runId, reason, failure }: Retraining): string {
  if (decision === 'hold') return `held: ${reason}`
  if (state === 'failed') return `${pipeline} could not be started: ${failure ?? ''}`
  if (state === 'interrupted')
    return `${pipeline} was about to start when the process ended; look at its runs`
  return `${pipeline} started${runId === undefined ? '' : ` as ${runId}`}: ${reason}`
}

function canaryWords({ canaryVersion, championVersion, state, reason, verdict }: CanaryTrial): string {
  const pair = `v${canaryVersion} against v${championVersion}`
  if (state !== 'running')
    return `${pair} ${state === 'promoted' ? 'promoted' : 'rolled back'}: ${reason ?? ''}`
  return verdict === undefined
    ? `${pair}, not judged yet`
    : `${pair}, ${verdict.decision.replace('_', ' ')}: ${verdict.reason}`
}

/** Those that rules are about. */
function metricsShown(windows: readonly MonitoredWindow[]): string[] {
  const names = windows.flatMap(({ findings }) =>
    (findings?.performance ?? []).map(({ metric }) => metric.name),
  )
  return [...new Set<string>(names)]
}

function metricValue({ findings }: MonitoredWindow, name: string): number | undefined {
  const found = findings?.versions[0]?.metrics.find((metric) => metric.name === name)
  return found?.status === 'value' ? found.value : undefined
}

function shownMetric(one: MonitoredWindow, name: string): string {
  const value = metricValue(one, name)
  return value === undefined ? '–' : shortNumber(value)
}

function performanceVerdict({ findings }: MonitoredWindow): Verdict | undefined {
  const verdicts = (findings?.performance ?? []).map(({ verdict }) => verdict)
  return verdicts.find((one) => one === 'breached') ?? verdicts.find((one) => one === 'clean') ?? verdicts[0]
}

function worded(terminal: Terminal, { state }: MonitoredWindow, verdict: Verdict | undefined): string {
  if (verdict === undefined) return terminal.style(state === 'open' ? 'open' : '–', 'dim')
  return terminal.style(verdict, verdictStyle[verdict])
}

function worstColumn({ findings }: MonitoredWindow): string {
  const [worst] = (findings?.drift.columns ?? []).toSorted(
    (a, b) => Number(b.drifted) - Number(a.drifted) || (b.psi ?? 0) - (a.psi ?? 0),
  )
  return worst?.psi == null ? '–' : `${worst.column} ${shortNumber(worst.psi)}`
}

function sparkline(values: readonly (number | undefined)[]): string {
  const known = values.filter((value) => value !== undefined)
  if (known.length < 2) return ''
  const low = Math.min(...known)
  const range = Math.max(...known) - low
  return values
    .map((value) => {
      if (value === undefined) return ' '
      return bars[range === 0 ? 3 : Math.round(((value - low) / range) * (bars.length - 1))] ?? ' '
    })
    .join('')
}

function day(time: string | undefined): string {
  if (time === undefined) return '–'
  return time.endsWith('T00:00:00.000Z') ? time.slice(0, 10) : time.slice(0, 16).replace('T', ' ')
}

/** A day for windows of whole days; a time for shorter ones. */
function spanOf({ start, end }: { readonly start: string; readonly end: string }): string {
  return start.endsWith('T00:00:00.000Z') && end.endsWith('T00:00:00.000Z')
    ? `${start.slice(0, 10)} – ${end.slice(5, 10)}`
    : `${day(start)} – ${day(end)}`
}
