import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatCount, formatShare } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { servingContract } from '../contract.ts'
import { pollTrafficMs, readiness, trafficOf, variantsText } from './deployment-facts.ts'

export function EndpointsPage() {
  const query = useCall(servingContract.list, {}, { pollMs: () => pollTrafficMs })
  return (
    <>
      <PageHeader title="Endpoints" />
      <Answered query={query}>
        {({ items, servingUrl }) =>
          items.length === 0 ? (
            <Panel title="No endpoints yet">
              <EmptyState
                title="An endpoint answers predictions with whatever has an alias."
                command="devmlops deploy NAME"
              >
                Describe it under “deployments” in devmlops.yaml.
              </EmptyState>
            </Panel>
          ) : (
            <Panel
              title="Deployments"
              aside={
                servingUrl === undefined ? 'the serving process does not run' : `answering at ${servingUrl}`
              }
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
                    cell: ({ name }) => <Link href={places.endpoint.to({ deployment: name })}>{name}</Link>,
                    sortBy: ({ name }) => name,
                  },
                  {
                    key: 'state',
                    title: 'State',
                    cell: (deployment) => {
                      const { tone, word } = readiness(deployment)
                      return <StateMark tone={tone}>{word}</StateMark>
                    },
                  },
                  {
                    key: 'variants',
                    title: 'Answers',
                    wide: true,
                    cell: (deployment) => variantsText(deployment),
                  },
                  {
                    key: 'requests',
                    title: 'Requests',
                    numeric: true,
                    cell: (deployment) => formatCount(trafficOf(deployment)?.requests),
                  },
                  {
                    key: 'errors',
                    title: 'Errors',
                    numeric: true,
                    cell: (deployment) => formatShare(trafficOf(deployment)?.errorShare, 2),
                  },
                  {
                    key: 'updated',
                    title: 'Changed',
                    numeric: true,
                    cell: ({ updatedAt, updatedBy }) => (
                      <span title={`by ${updatedBy}`}>
                        <Ago time={updatedAt} />
                      </span>
                    ),
                  },
                ]}
              />
            </Panel>
          )
        }
      </Answered>
    </>
  )
}
