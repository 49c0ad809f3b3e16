import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago, Took } from '#ui/kit/time'
import { toneOf } from '#ui/kit/tone'
import { type BatchRun, batchCalls } from '../batch/batch-calls.ts'
import { pollTrafficMs } from './deployment-facts.ts'
import styles from './serving.module.css'

/** Tables that were scored as a whole. */
export function BatchesPanel() {
  const query = useCall(
    batchCalls.batchRuns,
    { limit: 20 },
    { pollMs: (answer) => (answer?.items.some(isUnderWay) === true ? pollTrafficMs : undefined) },
  )
  return (
    <Panel title="Batch runs" flush>
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No table was scored yet." command="devmlops batch NAME">
              Describe it under “batch_scoring” in devmlops.yaml, or name it on the command line.
            </EmptyState>
          ) : (
            <DataTable
              caption="Batch runs, newest first"
              rows={items}
              rowKey={({ id }) => id}
              maximumHeight={360}
              columns={[
                {
                  key: 'name',
                  title: 'Batch',
                  cell: ({ name }) => <span className={styles['name']}>{name}</span>,
                },
                {
                  key: 'state',
                  title: 'State',
                  cell: ({ state }) => <StateMark tone={toneOf(state)}>{state}</StateMark>,
                },
                {
                  key: 'rows',
                  title: 'Rows',
                  numeric: true,
                  cell: ({ scoredRows, totalRows }) =>
                    totalRows === undefined || totalRows === scoredRows
                      ? formatCount(scoredRows)
                      : `${formatCount(scoredRows)} of ${formatCount(totalRows)}`,
                },
                {
                  key: 'refused',
                  title: 'Refused',
                  numeric: true,
                  cell: ({ refused }) => formatCount(refused),
                },
                {
                  key: 'model',
                  title: 'Model',
                  cell: ({ model, version }) =>
                    model === undefined ? '–' : `${model}${version === undefined ? '' : ` v${version}`}`,
                },
                {
                  key: 'result',
                  title: 'Result',
                  wide: true,
                  cell: ({ result, error }) => (
                    <span className={error === undefined ? undefined : styles['bad']} title={error ?? result}>
                      {error ?? result ?? '–'}
                    </span>
                  ),
                },
                {
                  key: 'took',
                  title: 'Took',
                  numeric: true,
                  cell: ({ createdAt, finishedAt }) => <Took from={createdAt} to={finishedAt} />,
                },
                {
                  key: 'when',
                  title: 'When',
                  numeric: true,
                  cell: ({ createdAt }) => <Ago time={createdAt} />,
                },
              ]}
            />
          )
        }
      </Answered>
    </Panel>
  )
}

function isUnderWay({ state }: BatchRun): boolean {
  return state === 'queued' || state === 'running'
}
