import { DataTable } from '#ui/kit/data-table'
import { formatBound, formatInterval, formatNumber } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import type { EvaluationReport, GateResult } from '../contract.ts'
import { GateBadge, VerdictMark } from './verdict-badge.tsx'
import styles from './evaluation.module.css'

const sides: Readonly<Record<GateResult['required']['side'], string>> = {
  at_least: '≥',
  more_than: '>',
  at_most: '≤',
  less_than: '<',
  within: '±',
}

/** What had to hold, what was found, and why each gate came out as it did. */
export function GatesPanel({ report }: { report: EvaluationReport }) {
  return (
    <Panel
      title="Gates"
      note={report.verdict.reason}
      aside={<VerdictMark outcome={report.verdict.outcome} />}
      flush
    >
      {report.gates.length === 0 ? (
        <EmptyState title="No gates are set for this model.">
          Write them under “models” in devmlops.yaml; without gates nothing is promised.
        </EmptyState>
      ) : (
        <DataTable
          caption="Gates with what was required and observed"
          rows={report.gates}
          rowKey={({ gate }) => gate}
          columns={[
            { key: 'outcome', title: 'Outcome', cell: ({ outcome }) => <GateBadge outcome={outcome} /> },
            {
              key: 'gate',
              title: 'Gate',
              wide: true,
              cell: ({ gate, reason }) => (
                <span className={styles['gate']}>
                  <b>{gate}</b>
                  <span>{reason}</span>
                </span>
              ),
            },
            {
              key: 'observed',
              title: 'Observed',
              numeric: true,
              cell: ({ observed }) =>
                observed === null ? (
                  'not known'
                ) : (
                  <span title={observed.interval.method}>
                    {formatNumber(observed.value)}
                    <small className={styles['interval']}>
                      {formatInterval(observed.interval.low, observed.interval.high)}
                    </small>
                  </span>
                ),
            },
            {
              key: 'required',
              title: 'Required',
              numeric: true,
              cell: ({ required }) => `${sides[required.side]} ${formatBound(required.bound)}`,
            },
          ]}
        />
      )}
    </Panel>
  )
}
