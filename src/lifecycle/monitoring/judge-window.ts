import { measure } from '#lifecycle/evaluation/index'
import type { TableProfile } from '#lifecycle/data/index'
import type { VersionWindow, WindowFindings } from './contract.ts'
import { judgeDrift } from './drift.ts'
import type { Judgement, Verdict, Window } from './findings.ts'
import { driftJudgement, performanceJudgement } from './judgement.ts'
import { judgePerformance, type LabelledRows } from './realized-performance.ts'
import type { ModelReference, ModelReferences } from './reference-point.ts'
import type { Monitor } from './settings.ts'
import type { MonitoringStore } from './store.ts'
import type { ProfileRow, WindowRow } from './window-store.ts'

export interface WindowJudging {
  readonly deployment: string
  readonly monitor: Monitor
  readonly store: MonitoringStore
  readonly references: ModelReferences
  readonly now: number
}

export interface JudgedWindow {
  readonly window: Window
  readonly findings: WindowFindings
  readonly judgements: readonly Judgement[]
}

interface VersionFacts {
  readonly profile: ProfileRow
  readonly labelled: LabelledRows
  readonly reference: ModelReference | undefined
  readonly view: VersionWindow
}

/** Judges a window by the rows of the version that answered most of them; the other versions' metrics stand beside. */
export async function judgeWindow(row: WindowRow, judging: WindowJudging): Promise<JudgedWindow | undefined> {
  const { deployment, monitor, store, now } = judging
  const facts: VersionFacts[] = []
  for (const profile of await store.windows.profiles(deployment, row.window_start)) {
    facts.push(await factsOf(profile, judging))
  }
  const [main] = facts
  if (main === undefined) return undefined
  const window = windowOf(row)
  const context = { monitor: deployment, window, judgedAt: new Date(now).toISOString() }
  const drift = driftOf(monitor, main)
  const performance = performanceOf(monitor, main)
  return {
    window,
    findings: {
      model: main.profile.model,
      version: main.profile.version,
      drift,
      performance: performance.map(({ subject, verdict, metric, reason }) => ({
        subject,
        verdict,
        metric,
        reason,
      })),
      versions: facts.map(({ view }) => view),
    },
    judgements: [
      ...drift.columns.map((column) => driftJudgement(context, column)),
      ...performance.map((one) => performanceJudgement(context, one)),
    ],
  }
}

export function windowOf({
  window_start,
  window_end,
}: Pick<WindowRow, 'window_start' | 'window_end'>): Window {
  return { start: new Date(window_start).toISOString(), end: new Date(window_end).toISOString() }
}

async function factsOf(
  profile: ProfileRow,
  { deployment, store, references }: WindowJudging,
): Promise<VersionFacts> {
  const { model, version, rows } = profile
  const labelled = await store.windows.labelled(deployment, {
    windowStart: profile.window_start,
    model,
    version,
  })
  const reference = await references.referenceOf(model, version)
  const measured =
    reference === undefined || labelled.labels.length === 0
      ? []
      : measure({ task: reference.task, ...labelled })
  const variants = JSON.parse(profile.variants) as Record<string, number>
  const view = { model, version, rows, variants, labels: labelled.labels.length, metrics: [...measured] }
  return { profile, labelled, reference, view }
}

function driftOf(
  { drift: settings }: Monitor,
  { profile, reference }: VersionFacts,
): WindowFindings['drift'] {
  const unknown = (reason: string) => ({ verdict: 'unknown' as const, reason, columns: [] })
  if (settings === false) return unknown('drift is not watched')
  if (reference?.profile === undefined || profile.profile === null) {
    return unknown(`${profile.model} v${profile.version} has no reference profile to compare with`)
  }
  const window = JSON.parse(profile.profile) as TableProfile
  const columns = judgeDrift({ reference: reference.profile, window, settings })
  const verdict = worst(columns.map((column) => column.verdict))
  const reasons = columns.filter((column) => column.verdict === verdict).map(({ reason }) => reason)
  const calm = `no drift in ${columns.length} columns`
  return { verdict, reason: verdict === 'clean' ? calm : (reasons[0] ?? 'no column is watched'), columns }
}

/** Breached if anything is, else clean if anything is known. */
function worst(verdicts: readonly Verdict[]): Verdict {
  return (
    verdicts.find((verdict) => verdict === 'breached') ??
    verdicts.find((verdict) => verdict === 'clean') ??
    'unknown'
  )
}

function performanceOf(monitor: Monitor, { profile, labelled, reference, view }: VersionFacts) {
  if (reference === undefined) return []
  return judgePerformance({
    task: reference.task,
    rules: monitor.performance,
    labelled,
    ...(view.metrics.length === 0 ? {} : { measured: view.metrics }),
    predictions: profile.rows,
    reference: reference.metrics,
  })
}
