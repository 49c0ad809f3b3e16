import { HeatStrip, type HeatCell } from '#ui/charts/heat-strip'
import { formatDay, formatNumber } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import type { MonitoredWindow, WindowFindings } from '../contract.ts'
import styles from './monitoring.module.css'

type ColumnDrift = WindowFindings['drift']['columns'][number]

const shownWindows = 18

/** Drift by column and window: how far each is from what the model learned on, next to how far it may be. */
export function DriftPanel({ windows }: { windows: readonly MonitoredWindow[] }) {
  const judged = windows.filter(({ findings }) => findings !== undefined).slice(-shownWindows)
  if (judged.length === 0) {
    return (
      <Panel title="Drift" flush>
        <EmptyState title="No window has been judged yet." command="devmlops monitor run">
          A window is judged when it has ended in the time of the data.
        </EmptyState>
      </Panel>
    )
  }
  const names = [
    ...new Set(judged.flatMap(({ findings }) => findings?.drift.columns.map(({ column }) => column) ?? [])),
  ]
  return (
    <Panel
      title="Drift"
      note="Effect of the check that is nearest to its threshold, by column and window. A red frame is drift: beyond the threshold and beyond chance. Hatched: too few rows to say."
    >
      <HeatStrip
        caption="Drift by column and window"
        columns={judged.map(({ window }) => ({ key: window.start, title: formatDay(window.start) }))}
        rows={names.map((name) => ({ name, cells: judged.map((window) => cellOf(window, name)) }))}
      />
      <ul className={styles['reasons']}>
        {judged
          .toReversed()
          .flatMap(({ window, findings }) =>
            findings?.drift.verdict === 'breached' ? [{ window, reason: findings.drift.reason }] : [],
          )
          .slice(0, 3)
          .map(({ window, reason }) => (
            <li key={window.start}>
              <b>{formatDay(window.start)}</b> {reason}
            </li>
          ))}
      </ul>
    </Panel>
  )
}

function cellOf({ window, findings }: MonitoredWindow, name: string): HeatCell {
  const key = `${window.start} ${name}`
  const column = findings?.drift.columns.find((one) => one.column === name)
  if (column === undefined)
    return { key, heat: undefined, text: '', title: `${name}: not seen in this window`, isOver: false }
  const check = nearestCheck(column)
  const title = `${name}, ${formatDay(window.start)} to ${formatDay(window.end)}: ${column.reason}`
  if (column.verdict === 'unknown' || check === undefined)
    return { key, heat: undefined, text: '', title, isOver: false }
  return {
    key,
    heat: check.threshold === 0 ? 0 : check.effect / check.threshold,
    text: shortNumber(check.effect),
    title,
    isOver: column.drifted,
  }
}

function nearestCheck({ checks }: ColumnDrift) {
  return checks.reduce<(typeof checks)[number] | undefined>((nearest, check) => {
    if (nearest === undefined) return check
    if (check.breached !== nearest.breached) return check.breached ? check : nearest
    return check.effect / check.threshold > nearest.effect / nearest.threshold ? check : nearest
  }, undefined)
}

/** `.04`: a cell has room for three characters. */
function shortNumber(value: number): string {
  if (value >= 10) return formatNumber(Math.round(value))
  return value >= 1 ? value.toFixed(1) : value.toFixed(2).replace(/^0/, '')
}
