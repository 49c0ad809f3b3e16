import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatDay } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { monitoringContract } from '../contract.ts'
import styles from './monitoring.module.css'

/** Decisions about retraining, those to hold as well. */
export function RetrainingsPanel({ monitor }: { monitor: string }) {
  const query = useCall(monitoringContract.retrainings, { name: monitor, limit: 20 })
  return (
    <Panel title="Retraining decisions" flush>
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="Nothing was decided yet.">
              A decision is made after each check that finds trouble.
            </EmptyState>
          ) : (
            <DataTable
              caption="Retraining decisions, newest first"
              rows={items}
              rowKey={({ id }) => id}
              maximumHeight={280}
              columns={[
                {
                  key: 'decision',
                  title: 'Decision',
                  cell: ({ decision }) => (
                    <Badge tone={decision === 'start' ? 'accent' : 'quiet'}>{decision}</Badge>
                  ),
                },
                {
                  key: 'reason',
                  title: 'Reason',
                  wide: true,
                  cell: ({ reason, failure, pipeline, runId }) => (
                    <span className={styles['subject']} title={reason}>
                      <span>{failure ?? reason}</span>
                      {runId === undefined ? null : (
                        <Link href={places.pipelineRun.to({ runId })}>{pipeline} run</Link>
                      )}
                    </span>
                  ),
                },
                { key: 'eventTime', title: 'In the data', cell: ({ eventTime }) => formatDay(eventTime) },
                {
                  key: 'decided',
                  title: 'When',
                  numeric: true,
                  cell: ({ decidedAt }) => <Ago time={Date.parse(decidedAt)} />,
                },
              ]}
            />
          )
        }
      </Answered>
    </Panel>
  )
}
