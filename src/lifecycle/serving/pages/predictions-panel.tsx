import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { DataTable } from '#ui/kit/data-table'
import { formatDuration, formatNumber } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { type DeploymentView, servingContract } from '../contract.ts'
import { pollTrafficMs } from './deployment-facts.ts'
import styles from './serving.module.css'

/** What was asked last, and what was answered. */
export function PredictionsPanel({ deployment: { name, live } }: { deployment: DeploymentView }) {
  const query = useCall(
    servingContract.predictions,
    { name, limit: 12 },
    { pollMs: () => (live === undefined ? undefined : pollTrafficMs) },
  )
  return (
    <Panel
      title="Newest predictions"
      note="Trace one to its data, code and parameters: devmlops trace ID"
      flush
    >
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="Nobody has asked yet." command={`devmlops predict ${name} FIELD=VALUE …`} />
          ) : (
            <DataTable
              caption="Newest predictions"
              rows={items}
              rowKey={({ id }) => id}
              columns={[
                { key: 'id', title: 'Id', cell: ({ id }) => <Copyable text={id} short={id.slice(-8)} /> },
                {
                  key: 'variant',
                  title: 'By',
                  cell: ({ variant, version }) => (
                    <>
                      v{version} {variant === 'canary' ? <Badge tone="warn">canary</Badge> : null}
                    </>
                  ),
                },
                { key: 'outputs', title: 'Answer', cell: ({ outputs }) => <Values values={outputs} /> },
                {
                  key: 'inputs',
                  title: 'Question',
                  wide: true,
                  cell: ({ inputs }) => <Values values={inputs} />,
                },
                {
                  key: 'latency',
                  title: 'Took',
                  numeric: true,
                  cell: ({ latencyMs }) => formatDuration(latencyMs),
                },
                { key: 'time', title: 'When', numeric: true, cell: ({ time }) => <Ago time={time} /> },
              ]}
            />
          )
        }
      </Answered>
    </Panel>
  )
}

function Values({ values }: { values: Readonly<Record<string, unknown>> }) {
  const text = Object.entries(values).map(([name, value]) => [name, shown(value)] as const)
  return (
    <span className={styles['values']} title={text.map(([name, value]) => `${name}: ${value}`).join('\n')}>
      {text.map(([name, value], index) => (
        <span key={name}>
          {index === 0 ? '' : ', '}
          {name} <b>{value}</b>
        </span>
      ))}
    </span>
  )
}

function shown(value: unknown): string {
  if (typeof value === 'number') return formatNumber(value)
  if (value === null || value === undefined) return 'missing'
  return typeof value === 'string' ? value : JSON.stringify(value)
}
