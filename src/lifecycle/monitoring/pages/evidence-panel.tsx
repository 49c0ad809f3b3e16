import { useState } from 'react'
import { BandChart } from '#ui/charts/band-chart'
import type { BandPoint, Level } from '#ui/charts/band-series'
import { ValueBar } from '#ui/charts/value-bar'
import { DataTable } from '#ui/kit/data-table'
import { Choice } from '#ui/kit/controls'
import { formatCount } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Columns, Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import type { Tone } from '#ui/kit/tone'
import type { CanaryCheck, CanaryTrial, CanaryVerdict } from '../contract.ts'
import { checkTitles, chartScale, estimateText, limitText } from './check-words.ts'

const tones: Readonly<Record<CanaryCheck['verdict'], { readonly tone: Tone; readonly word: string }>> = {
  pass: { tone: 'good', word: 'Good' },
  wait: { tone: 'quiet', word: 'Waits' },
  fail: { tone: 'bad', word: 'Bad' },
}
const shownPoints = 120

type Trial = CanaryTrial & { readonly verdicts: readonly CanaryVerdict[] }

/** What the last verdict rests on, check by check, and how each came to be known better. */
export function EvidencePanel({ trial }: { trial: Trial }) {
  const { variant, verdict, canaryVersion, championVersion } = trial
  const [chosen, setChosen] = useState<CanaryCheck['check']>()
  const title = `Evidence: ${variant} v${canaryVersion} against v${championVersion}`
  if (verdict === undefined || verdict.checks.length === 0) {
    return (
      <Panel title={title}>
        <EmptyState title="Nothing was judged yet.">
          A verdict needs a number of requests first: never one on ten of them.
        </EmptyState>
      </Panel>
    )
  }
  const known = verdict.checks.filter(({ estimate }) => estimate !== null)
  const shown = verdict.checks.find(({ check }) => check === chosen) ?? known[0] ?? verdict.checks[0]
  return (
    <Columns>
      <Panel title={title} note="Intervals hold at all looks together, however often one looks." flush>
        <DataTable
          caption={title}
          rows={verdict.checks}
          rowKey={({ check }) => check}
          columns={[
            {
              key: 'check',
              title: 'Check',
              cell: ({ check, reason }) => <span title={reason}>{checkTitles[check]}</span>,
            },
            {
              key: 'seen',
              title: 'Seen, of needed',
              numeric: true,
              cell: ({ seen, needed }) => (
                <ValueBar
                  share={needed === 0 ? 1 : seen / needed}
                  color={seen >= needed ? '--good' : '--ink-faint'}
                >
                  {formatCount(seen)} of {formatCount(needed)}
                </ValueBar>
              ),
            },
            { key: 'estimate', title: 'Estimate [interval]', numeric: true, cell: estimateText },
            { key: 'limit', title: 'Limit', numeric: true, cell: limitText },
            {
              key: 'verdict',
              title: 'Verdict',
              cell: (one) => <StateMark tone={tones[one.verdict].tone}>{tones[one.verdict].word}</StateMark>,
            },
          ]}
        />
      </Panel>
      {shown === undefined ? null : (
        <Panel
          title="Over time"
          note={shown.reason}
          aside={
            <Choice
              label="Check"
              value={shown.check}
              options={verdict.checks.map(({ check }) => ({ value: check, title: checkTitles[check] }))}
              onChange={(value) => setChosen(verdict.checks.find(({ check }) => check === value)?.check)}
            />
          }
        >
          <History verdicts={trial.verdicts} shown={shown} />
        </Panel>
      )}
    </Columns>
  )
}

function History({ verdicts, shown }: { verdicts: readonly CanaryVerdict[]; shown: CanaryCheck }) {
  const { factor, unit } = chartScale(shown.check)
  const points = verdicts
    .toSorted((left, right) => left.judgedAt.localeCompare(right.judgedAt))
    .flatMap(({ judgedAt, checks }): BandPoint[] => {
      const one = checks.find(({ check }) => check === shown.check)
      if (one === undefined || one.estimate === null) return []
      // The widest intervals, of the first few requests, would flatten all that follows.
      if (one.seen < one.needed / 10) return []
      const { low = null, high = null } = one.interval ?? {}
      const scaled = (value: number | null): number | null => (value === null ? null : value * factor)
      return [{ x: Date.parse(judgedAt), value: one.estimate * factor, low: scaled(low), high: scaled(high) }]
    })
    .slice(-shownPoints)
  if (points.length === 0) return <EmptyState title="There is no estimate yet." />
  const levels: Level[] = [
    { value: shown.check === 'latency' ? 1 : 0, name: 'as the stable version', kind: 'guide' },
    ...(shown.threshold === null
      ? []
      : [{ value: shown.threshold * factor, name: 'limit', kind: 'threshold' as const }]),
  ]
  return (
    <BandChart
      label={`${checkTitles[shown.check]} over time`}
      series={[{ name: `${checkTitles[shown.check]}${unit}`, color: '--series-2', points }]}
      levels={levels}
      formatX={timeText(points)}
    />
  )
}

/** Minutes, and seconds too while there are few of them. */
function timeText(points: readonly BandPoint[]): (time: number) => string {
  const spanMs = (points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0)
  return (time) => new Date(time).toISOString().slice(11, spanMs < 10 * 60_000 ? 19 : 16)
}
