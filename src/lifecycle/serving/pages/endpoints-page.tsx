import { useCall } from '#ui/api/use-call'
import { ShareBar } from '#ui/charts/share-bar'
import { Sparkline } from '#ui/charts/sparkline'
import { DataTable } from '#ui/kit/data-table'
import { formatDuration, formatShare } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel, Stack } from '#ui/kit/panel'
import { Badge, StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { type DeploymentView, servingContract } from '../contract.ts'
import { BatchesPanel } from './batches-panel.tsx'
import {
  changeText,
  pollTrafficMs,
  readiness,
  shownWindow,
  variantColor,
  variantsText,
  versionsText,
} from './deployment-facts.ts'
import { StaleNotice } from './stale-notice.tsx'
import { rateText } from './traffic-figures.tsx'
import { useTrails } from './use-trails.tsx'
import styles from './serving.module.css'

export function EndpointsPage() {
  const query = useCall(servingContract.list, {}, { pollMs: () => pollTrafficMs })
  return (
    <>
      <PageHeader title="Endpoints" />
      <Stack>
        <StaleNotice query={query} />
        <Answered query={query}>
          {({ items, servingUrl }) => (
            <DeploymentsPanel items={items} servingUrl={servingUrl} lookedAt={query.dataUpdatedAt} />
          )}
        </Answered>
        <BatchesPanel />
      </Stack>
    </>
  )
}

function DeploymentsPanel({
  items,
  servingUrl,
  lookedAt,
}: {
  items: readonly DeploymentView[]
  servingUrl: string | undefined
  lookedAt: number
}) {
  const trails = useTrails(
    Object.fromEntries(items.map(({ name, live }) => [name, live?.figures.now.requestsPerSecond])),
    lookedAt,
  )
  if (items.length === 0) {
    return (
      <Panel title="No endpoints yet">
        <EmptyState
          title="An endpoint answers predictions with whatever has an alias."
          command="devmlops deploy NAME"
        >
          Describe it under “deployments” in devmlops.yaml.
        </EmptyState>
      </Panel>
    )
  }
  return (
    <Panel
      title="Deployments"
      aside={servingUrl === undefined ? 'the serving process does not run' : `answering at ${servingUrl}`}
      flush
    >
      <DataTable
        caption="Deployments"
        rows={items}
        rowKey={({ name }) => name}
        columns={[
          {
            key: 'name',
            title: 'Endpoint',
            cell: ({ name }) => (
              <Link className={styles['name']} title={name} href={places.endpoint.to({ deployment: name })}>
                {name}
              </Link>
            ),
            sortBy: ({ name }) => name,
          },
          {
            key: 'state',
            title: 'State',
            cell: (deployment) => {
              const { tone, word } = readiness(deployment)
              return (
                <StateMark tone={tone}>
                  {word}{' '}
                  {deployment.rollout === undefined ? null : (
                    <Badge tone="busy" title={deployment.rollout.next}>
                      {deployment.rollout.strategy.replace('_', '-')}
                    </Badge>
                  )}
                </StateMark>
              )
            },
          },
          {
            key: 'variants',
            title: 'Answers',
            wide: true,
            cell: (deployment) => (
              <span className={styles['answers']} title={variantsText(deployment)}>
                <span>{deployment.state === 'stopped' ? 'nothing' : versionsText(deployment)}</span>
                <ShareBar
                  label={`Shares of the traffic: ${variantsText(deployment)}`}
                  parts={answering(deployment).map(({ name, weight }, index) => ({
                    name,
                    share: weight,
                    color: variantColor(index),
                  }))}
                />
              </span>
            ),
          },
          {
            key: 'rate',
            title: 'Requests/s',
            numeric: true,
            sortBy: ({ live }) => live?.figures.now.requestsPerSecond,
            cell: ({ name, live }) => (
              <span className={styles['rate']}>
                <Sparkline label={`Requests per second of ${name}`} values={trails[name] ?? []} />
                <span>{rateText(live?.figures.now.requestsPerSecond)}</span>
              </span>
            ),
          },
          {
            key: 'latency',
            title: '95 % within',
            numeric: true,
            sortBy: ({ live }) => (live === undefined ? undefined : shownWindow(live.figures).p95Ms),
            cell: ({ live }) => {
              const p95Ms = live === undefined ? undefined : shownWindow(live.figures).p95Ms
              return p95Ms === undefined ? '–' : formatDuration(p95Ms)
            },
          },
          {
            key: 'errors',
            title: 'Errors',
            numeric: true,
            cell: ({ live }) => {
              const window = live === undefined ? undefined : shownWindow(live.figures)
              return window === undefined || window.requests === 0 ? (
                '–'
              ) : (
                <span className={window.errors > 0 ? styles['bad'] : undefined}>
                  {formatShare(window.errorRate, 2)}
                </span>
              )
            },
          },
          {
            key: 'updated',
            title: 'Changed',
            numeric: true,
            cell: (deployment) => (
              <span title={changeText(deployment)}>
                <Ago time={deployment.updatedAt} />
              </span>
            ),
          },
        ]}
      />
    </Panel>
  )
}

function answering({ state, variants }: DeploymentView): DeploymentView['variants'] {
  return state === 'stopped' ? [] : variants
}
