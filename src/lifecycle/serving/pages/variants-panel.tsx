import { useCall } from '#ui/api/use-call'
import { ValueBar } from '#ui/charts/value-bar'
import { DataTable } from '#ui/kit/data-table'
import { formatCompact, formatCount, formatDuration, formatNumber, formatShare } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { type DeploymentView, servingContract } from '../contract.ts'
import { meanScore, pollTrafficMs, shownWindow, variantColor, windowWords } from './deployment-facts.ts'
import styles from './serving.module.css'

const scoredPredictions = 200

/** What answers, version beside version. */
export function VariantsPanel({ deployment }: { deployment: DeploymentView }) {
  const { name, live, variants, state } = deployment
  const recent = useCall(
    servingContract.predictions,
    { name, limit: scoredPredictions },
    { pollMs: () => (live === undefined ? undefined : pollTrafficMs * 2) },
  )
  const rows = variants.map((variant, index) => {
    const figures = live?.variants.find((one) => one.name === variant.name)
    return {
      ...variant,
      color: variantColor(index),
      figures,
      window: figures === undefined ? undefined : shownWindow(figures),
      score: meanScore(recent.data?.items ?? [], variant),
    }
  })
  type Row = (typeof rows)[number]
  const highest = (of: (row: Row) => number | undefined): number =>
    Math.max(...rows.map((row) => of(row) ?? 0), Number.MIN_VALUE)
  const slowest = highest(({ window }) => window?.p99Ms)
  const most = highest(({ figures }) => figures?.requests)
  const latency = (key: 'p50Ms' | 'p95Ms' | 'p99Ms', title: string) => ({
    key,
    title,
    numeric: true,
    cell: ({ window, color }: Row) => {
      const value = window?.[key]
      return value === undefined ? (
        '–'
      ) : (
        <ValueBar share={value / slowest} color={color}>
          {formatDuration(value)}
        </ValueBar>
      )
    },
  })
  const [shown] = rows.flatMap(({ window }) => (window === undefined ? [] : [window]))
  return (
    <Panel
      title="Variants"
      note={
        shown === undefined
          ? state === 'stopped'
            ? 'What answered last.'
            : 'The serving process does not run: there are no figures.'
          : `Requests since the process started; latency and errors of the ${windowWords(shown)}; scores of the newest ${scoredPredictions} predictions. What is refused before a variant is chosen counts for the endpoint alone.`
      }
      flush
    >
      {rows.length === 0 ? (
        <EmptyState title="No version answers." command={`devmlops deploy ${name}`} />
      ) : (
        <DataTable
          caption="Variants"
          rows={rows}
          rowKey={(row) => row.name}
          columns={[
            {
              key: 'name',
              title: 'Variant',
              cell: ({ name: variant, role, color }) => (
                <span className={styles['key']} title={variant}>
                  <i style={{ background: `var(${color})` }} aria-hidden="true" /> {variant}{' '}
                  {role === 'shadow' && variant !== 'shadow' ? <Badge>shadow</Badge> : null}
                </span>
              ),
            },
            {
              key: 'version',
              title: 'Version',
              cell: ({ model, version }) => (
                <Link href={places.modelVersion.to({ model, version: String(version) })} title={model}>
                  v{version}
                </Link>
              ),
            },
            {
              key: 'share',
              title: 'Share',
              numeric: true,
              cell: ({ weight, share, color }) => (
                <ValueBar
                  share={(share ?? weight) / 100}
                  color={share === undefined ? color : '--line-strong'}
                >
                  {share === undefined ? `${weight} %` : `copy ${share} %`}
                </ValueBar>
              ),
            },
            {
              key: 'requests',
              title: 'Requests',
              numeric: true,
              cell: ({ figures, color }) =>
                figures === undefined ? (
                  '–'
                ) : (
                  <ValueBar share={figures.requests / most} color={color}>
                    {formatCompact(figures.requests)}
                  </ValueBar>
                ),
            },
            {
              key: 'errors',
              title: 'Errors',
              numeric: true,
              cell: ({ window }) =>
                window === undefined || window.requests === 0 ? (
                  '–'
                ) : (
                  <span
                    className={window.errors > 0 ? styles['bad'] : undefined}
                    title={`${formatCount(window.errors)} of ${formatCount(window.requests)}`}
                  >
                    {formatShare(window.errorRate, 2)}
                  </span>
                ),
            },
            latency('p50Ms', 'Median'),
            latency('p95Ms', '95 %'),
            latency('p99Ms', '99 %'),
            {
              key: 'score',
              title: 'Mean score',
              numeric: true,
              cell: ({ score }) => (
                <span title={score === undefined ? undefined : `of ${formatCount(score.count)} predictions`}>
                  {formatNumber(score?.mean)}
                </span>
              ),
            },
          ]}
        />
      )}
    </Panel>
  )
}
