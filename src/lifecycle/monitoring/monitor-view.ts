import type { CanaryTrial, MonitoredWindow, MonitorStatus, WindowFindings } from './contract.ts'
import type { TrialRow } from './canary-store.ts'
import { windowOf } from './judge-window.ts'
import type { Monitor } from './settings.ts'
import type { MonitoringStore } from './store.ts'
import type { WindowRow } from './window-store.ts'

interface ViewContext {
  readonly store: MonitoringStore
  readonly now: number
}

export async function monitorStatus(
  name: string,
  monitor: Monitor,
  { store, now }: ViewContext,
): Promise<MonitorStatus> {
  const progress = await store.windows.progress(name)
  const latestEventTime = progress?.latest_event_time ?? 0
  const outlines = await store.windows.outlines(name)
  const states = outlines.map((row) => stateOf(row, latestEventTime, now))
  const count = (state: MonitoredWindow['state']): number => states.filter((one) => one === state).length
  const latest = await store.windows.latestJudged(name)
  const [retraining] = await store.retrainings.list(name, 1)
  const [trial] = await store.canaries.trials(name)
  return {
    name,
    windowMs: monitor.window,
    predictions: sum(outlines.map(({ rows }) => rows)),
    labels: sum(outlines.map(({ labels }) => labels)),
    windows: { open: count('open'), due: count('due'), judged: count('judged') },
    ...(latest === undefined
      ? {}
      : { latest: (await windowViews(name, [latest], { store, now }))[0] as MonitoredWindow }),
    alerts: await store.alerts.alerts({ monitor: name, states: ['pending', 'firing'] }),
    ...(retraining === undefined ? {} : { retraining }),
    ...(trial === undefined ? {} : { canary: await trialView(trial, store) }),
    ...(progress?.checked_at == null ? {} : { checkedAt: isoTime(progress.checked_at) }),
    ...(progress?.failure == null
      ? {}
      : { failure: { at: isoTime(progress.failed_at ?? now), reason: progress.failure } }),
  }
}

export async function windowViews(
  name: string,
  rows: readonly WindowRow[],
  { store, now }: ViewContext,
): Promise<MonitoredWindow[]> {
  const latestEventTime = (await store.windows.progress(name))?.latest_event_time ?? 0
  return rows.map((row) => ({
    monitor: name,
    window: windowOf(row),
    rows: row.rows,
    labels: row.labels,
    state: stateOf(row, latestEventTime, now),
    ...(row.judged_at === null ? {} : { judgedAt: isoTime(row.judged_at) }),
    ...(row.findings === null ? {} : { findings: JSON.parse(row.findings) as WindowFindings }),
  }))
}

function stateOf(
  row: Omit<WindowRow, 'findings'>,
  latestEventTime: number,
  now: number,
): MonitoredWindow['state'] {
  if (row.judged_changes === row.changes) return 'judged'
  return row.window_end <= (row.timed_rows > 0 ? latestEventTime : now) ? 'due' : 'open'
}

export async function trialView(row: TrialRow, store: MonitoringStore): Promise<CanaryTrial> {
  const last = await store.canaries.lastVerdict(row.id)
  return {
    id: row.id,
    monitor: row.deployment,
    model: row.model,
    variant: row.variant,
    championVersion: row.champion_version,
    canaryVersion: row.canary_version,
    startedAt: isoTime(row.started_at),
    state: row.state,
    ...(row.ended_at === null ? {} : { endedAt: isoTime(row.ended_at) }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(last === undefined ? {} : { verdict: last.verdict }),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
