import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel } from '#ui/kit/panel'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { registryContract } from '../contract.ts'
import { AliasBadge } from './alias-badge.tsx'

export function ModelsPage() {
  const query = useCall(registryContract.list, { limit: 200 })
  return (
    <>
      <PageHeader title="Models" />
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel title="No models yet">
              <EmptyState
                title="A model gets a version here when it has passed its gates."
                command="devmlops run train"
              />
            </Panel>
          ) : (
            <Panel title="Registered models" aside={items.length} flush>
              <DataTable
                caption="Registered models"
                rows={items}
                rowKey={({ name }) => name}
                columns={[
                  {
                    key: 'name',
                    title: 'Model',
                    cell: ({ name }) => <Link href={places.model.to({ model: name })}>{name}</Link>,
                    sortBy: ({ name }) => name,
                  },
                  {
                    key: 'latest',
                    title: 'Versions',
                    numeric: true,
                    cell: ({ latestVersion }) => latestVersion ?? 0,
                    sortBy: ({ latestVersion }) => latestVersion,
                  },
                  {
                    key: 'aliases',
                    title: 'Aliases',
                    cell: ({ name, aliases }) =>
                      Object.entries(aliases).map(([alias, version]) => (
                        <Link
                          key={alias}
                          href={places.modelVersion.to({ model: name, version: String(version) })}
                        >
                          <AliasBadge alias={alias} /> v{version}{' '}
                        </Link>
                      )),
                  },
                  { key: 'description', title: 'For', wide: true, cell: ({ description }) => description },
                  {
                    key: 'updated',
                    title: 'Changed',
                    numeric: true,
                    cell: ({ updatedAt }) => <Ago time={updatedAt} />,
                    sortBy: ({ updatedAt }) => updatedAt,
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
