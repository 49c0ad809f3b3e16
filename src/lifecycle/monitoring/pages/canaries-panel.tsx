import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import type { Tone } from '#ui/kit/tone'
import { Ago } from '#ui/kit/time'
import { type CanaryTrial, monitoringContract } from '../contract.ts'
import styles from './monitoring.module.css'

const states: Readonly<Record<CanaryTrial['state'], { readonly tone: Tone; readonly word: string }>> = {
  running: { tone: 'busy', word: 'Running' },
  promoted: { tone: 'good', word: 'Promoted' },
  rolled_back: { tone: 'bad', word: 'Rolled back' },
  ended: { tone: 'quiet', word: 'Ended' },
}

/** Challengers on live traffic, and what became of them. */
export function CanariesPanel({ monitor }: { monitor: string }) {
  const query = useCall(monitoringContract.canaries, { name: monitor })
  return (
    <Panel title="Canaries" flush>
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No challenger was tried on live traffic yet." />
          ) : (
            <DataTable
              caption="Canaries, newest first"
              rows={items}
              rowKey={({ id }) => id}
              maximumHeight={280}
              columns={[
                {
                  key: 'state',
                  title: 'State',
                  cell: ({ state }) => <StateMark tone={states[state].tone}>{states[state].word}</StateMark>,
                },
                {
                  key: 'versions',
                  title: 'Versions',
                  cell: ({ championVersion, canaryVersion }) =>
                    `v${canaryVersion} against v${championVersion}`,
                },
                {
                  key: 'reason',
                  title: 'Why',
                  wide: true,
                  cell: ({ reason, verdict }) => {
                    const text = reason ?? verdict?.reason ?? 'not judged yet'
                    return (
                      <span className={styles['subject']} title={text}>
                        <span>{text}</span>
                      </span>
                    )
                  },
                },
                {
                  key: 'labels',
                  title: 'Labels',
                  numeric: true,
                  cell: ({ verdict }) => formatCount(verdict?.labels),
                },
                {
                  key: 'started',
                  title: 'Started',
                  numeric: true,
                  cell: ({ startedAt }) => <Ago time={Date.parse(startedAt)} />,
                },
              ]}
            />
          )
        }
      </Answered>
    </Panel>
  )
}
