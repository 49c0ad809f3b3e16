import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatBytes, formatCount } from '#ui/kit/format'
import { InlineMarkdown } from '#ui/kit/markdown/markdown'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel } from '#ui/kit/panel'
import { Badge, StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { dataContract } from '../contract.ts'
import { OutcomeMark } from './outcome-mark.tsx'

export function DatasetsPage() {
  const query = useCall(dataContract.list, {})
  return (
    <>
      <PageHeader title="Data" />
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Panel title="No datasets yet">
              <EmptyState
                title="Data arrives as versions: each is checked before anything may use it."
                command="devmlops data add"
              >
                Name a source and what must hold under “data” in devmlops.yaml.
              </EmptyState>
            </Panel>
          ) : (
            <Panel title="Datasets" aside={items.length} flush>
              <DataTable
                caption="Datasets"
                rows={items}
                rowKey={({ name }) => name}
                columns={[
                  {
                    key: 'name',
                    title: 'Dataset',
                    cell: ({ name }) => <Link href={places.dataset.to({ dataset: name })}>{name}</Link>,
                    sortBy: ({ name }) => name,
                  },
                  {
                    key: 'latest',
                    title: 'Latest',
                    cell: ({ name, latest }) =>
                      latest === null ? (
                        '–'
                      ) : (
                        <Link
                          href={places.datasetVersion.to({ dataset: name, version: String(latest.version) })}
                        >
                          v{latest.version}
                        </Link>
                      ),
                  },
                  {
                    key: 'state',
                    title: 'State',
                    cell: ({ latest, lastRejection }) =>
                      lastRejection !== null ? (
                        <span title={lastRejection.message}>
                          <StateMark tone="bad">Last arrival rejected</StateMark>
                        </span>
                      ) : latest === null ? (
                        <StateMark tone="quiet">No data yet</StateMark>
                      ) : (
                        <OutcomeMark outcome={latest.outcome} />
                      ),
                  },
                  {
                    key: 'rows',
                    title: 'Holds',
                    numeric: true,
                    cell: ({ latest }) =>
                      latest?.kind === 'folder'
                        ? `${formatCount(latest.files)} files`
                        : `${formatCount(latest?.rows)} rows`,
                    sortBy: ({ latest }) => latest?.rows,
                  },
                  {
                    key: 'size',
                    title: 'Size',
                    numeric: true,
                    cell: ({ latest }) => (latest === null ? '–' : formatBytes(latest.sizeBytes)),
                  },
                  { key: 'versions', title: 'Versions', numeric: true, cell: ({ versions }) => versions },
                  {
                    key: 'rejections',
                    title: 'Rejected',
                    numeric: true,
                    cell: ({ rejections }) => rejections,
                  },
                  {
                    key: 'description',
                    title: 'What a row is',
                    wide: true,
                    cell: ({ description, declared }) => (
                      <span title={description}>
                        {declared ? null : <Badge tone="warn">no longer in devmlops.yaml</Badge>}{' '}
                        <InlineMarkdown text={description ?? ''} />
                      </span>
                    ),
                  },
                  {
                    key: 'when',
                    title: 'Arrived',
                    numeric: true,
                    cell: ({ latest }) => (latest === null ? '–' : <Ago time={latest.createdAt} />),
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
