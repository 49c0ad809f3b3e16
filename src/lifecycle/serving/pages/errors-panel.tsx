import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import type { DeploymentView } from '../contract.ts'
import styles from './serving.module.css'

/** The newest kinds of errors that callers got, and why. */
export function ErrorsPanel({ live }: { live: DeploymentView['live'] }) {
  if (live === undefined) return null
  const errors = [
    ...live.figures.lastErrors.map((error) => ({ ...error, variant: '' })),
    ...live.variants.flatMap(({ name, lastErrors }) =>
      lastErrors.map((error) => ({ ...error, variant: live.variants.length > 1 ? name : '' })),
    ),
  ]
  // An endpoint may count an error for itself and for its variant.
  const shown = errors
    .filter(
      (error, index) =>
        errors.findLastIndex(
          ({ code, message, lastTime }) =>
            code === error.code && message === error.message && lastTime === error.lastTime,
        ) === index,
    )
    .toSorted((left, right) => right.lastTime - left.lastTime)
    .slice(0, 20)
  if (shown.length === 0) return null
  return (
    <Panel title="Last errors" note="The newest kinds, each with its newest example." flush>
      <DataTable
        caption="Last errors"
        rows={shown}
        rowKey={({ status, code, message, variant, at }) => [status, code, message, variant, at].join(' ')}
        maximumHeight={280}
        columns={[
          {
            key: 'status',
            title: 'Status',
            cell: ({ status, code }) => (
              <Badge tone={status >= 500 ? 'bad' : 'warn'} title={code}>
                {status}
              </Badge>
            ),
          },
          {
            key: 'message',
            title: 'Why',
            cell: ({ message, at, variant }) => (
              <span className={styles['reason']}>
                {message}
                {at === undefined && variant === '' ? null : (
                  <small>{[at, variant].filter((part) => part).join(' · ')}</small>
                )}
              </span>
            ),
          },
          { key: 'count', title: 'Times', numeric: true, cell: ({ count }) => formatCount(count) },
          { key: 'last', title: 'Last', numeric: true, cell: ({ lastTime }) => <Ago time={lastTime} /> },
        ]}
      />
    </Panel>
  )
}
