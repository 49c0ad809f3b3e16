import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatDay } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import { type Alert, monitoringContract } from '../contract.ts'
import styles from './monitoring.module.css'

const order: Readonly<Record<Alert['state'], number>> = { firing: 0, pending: 1, resolved: 2 }

/** Episodes of trouble, those that last first. Times are those of the data. */
export function AlertsPanel({ monitor }: { monitor: string }) {
  const query = useCall(monitoringContract.alerts, { monitor, all: true, limit: 50 })
  const firing = query.data?.items.filter(({ state }) => state === 'firing').length
  return (
    <Panel
      title="Alerts"
      aside={
        firing === undefined ? null : (
          <StateMark tone={firing > 0 ? 'bad' : 'good'}>
            {firing > 0 ? `${firing} firing` : 'None firing'}
          </StateMark>
        )
      }
      flush
    >
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No alert was ever raised here." />
          ) : (
            <DataTable
              caption="Alerts"
              rows={items.toSorted(
                (left, right) =>
                  order[left.state] - order[right.state] || right.since.localeCompare(left.since),
              )}
              rowKey={({ id }) => id}
              maximumHeight={320}
              columns={[
                {
                  key: 'state',
                  title: 'State',
                  cell: ({ state }) => <StateMark tone={toneOf(state)}>{state}</StateMark>,
                },
                { key: 'kind', title: 'Kind', cell: ({ kind }) => kind },
                {
                  key: 'subject',
                  title: 'What and why',
                  wide: true,
                  cell: ({ subject, reason }) => (
                    <span className={styles['subject']} title={reason}>
                      <b>{subject}</b>
                      <span>{reason}</span>
                    </span>
                  ),
                },
                {
                  key: 'windows',
                  title: 'Windows',
                  numeric: true,
                  cell: ({ breachedWindows }) => breachedWindows,
                },
                {
                  key: 'since',
                  title: 'In the data',
                  cell: ({ since, resolvedAt }) =>
                    `${formatDay(since)} – ${resolvedAt === null ? 'now' : formatDay(resolvedAt)}`,
                },
              ]}
            />
          )
        }
      </Answered>
    </Panel>
  )
}
