import { useCall } from '#ui/api/use-call'
import { DataTable, type TableColumn } from '#ui/kit/data-table'
import { Figure, Figures } from '#ui/kit/facts'
import { actorName, formatBytes, formatCompact, formatCount } from '#ui/kit/format'
import { Answered } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Columns, Panel, Stack } from '#ui/kit/panel'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { dataContract } from '../contract.ts'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { ChecksTable } from './checks-table.tsx'
import { ColumnsPanel } from './columns-panel.tsx'
import { FilesPanel } from './files-panel.tsx'
import { FindingsPanel } from './findings-panel.tsx'
import { OriginPanel } from './origin-panel.tsx'
import { OutcomeMark } from './outcome-mark.tsx'

export function DatasetVersionPage({ dataset, version }: { dataset: string; version: string }) {
  const query = useCall(dataContract.get, {
    name: dataset,
    version: version === 'latest' ? 'latest' : version,
  })
  return <Answered query={query}>{(found) => <Version version={found} />}</Answered>
}

function Version({ version }: { version: DatasetVersion }) {
  const { dataset, parent } = version
  return (
    <>
      <PageHeader
        title={`${dataset} v${version.version}`}
        crumbs={[
          { title: 'Data', href: places.data.to({}) },
          { title: dataset, href: places.dataset.to({ dataset }) },
        ]}
        facts={[
          <OutcomeMark key="outcome" outcome={version.outcome} />,
          <span key="arrived">
            arrived <Ago time={version.createdAt} /> by {actorName(version.createdBy)}
          </span>,
          parent === null ? undefined : (
            <Link
              key="diff"
              href={places.datasetDiff.to({ dataset, from: String(parent), to: String(version.version) })}
            >
              changes since v{parent}
            </Link>
          ),
        ].filter((fact) => fact !== undefined)}
      />
      {version.kind === 'folder' ? <FolderVersion version={version} /> : <TableVersion version={version} />}
    </>
  )
}

function FolderVersion({ version }: { version: DatasetVersion }) {
  return (
    <>
      <Figures>
        <Figure name="Files" value={formatCompact(version.files)} note={formatCount(version.files)} />
        <Figure name="Size" value={formatBytes(version.sizeBytes)} />
      </Figures>
      <Stack>
        <FilesPanel dataset={version.dataset} version={version.version} files={version.files} />
        <OriginPanel version={version} />
      </Stack>
    </>
  )
}

function TableVersion({ version }: { version: DatasetVersion }) {
  const { dataset, validation, columns } = version
  const passed = validation.checks.filter(({ outcome }) => outcome === 'pass').length
  return (
    <>
      <Figures>
        <Figure name="Rows" value={formatCompact(version.rows)} note={formatCount(version.rows)} />
        <Figure name="Columns" value={columns.length} />
        <Figure
          name="Size"
          value={formatBytes(version.sizeBytes)}
          note={`in ${version.partCount} ${version.partCount === 1 ? 'part' : 'parts'}`}
        />
        <Figure
          name="Checks"
          value={`${passed} / ${validation.checks.length}`}
          note="passed on the rows it adds"
        />
        {version.quarantined === 0 ? null : (
          <Figure
            name="Kept out"
            value={formatCompact(version.quarantined)}
            note={<code>devmlops data quarantine {dataset}</code>}
          />
        )}
      </Figures>
      <Stack>
        <ColumnsPanel dataset={dataset} version={version.version} />
        <FindingsPanel dataset={dataset} version={version.version} />
        <Panel title="Checks" aside={`${formatCount(validation.rows)} rows checked`} flush>
          <ChecksTable checks={validation.checks} />
          {validation.warnings.map((warning) => (
            <p key={warning} style={{ padding: '4px 14px', color: 'var(--warn)' }}>
              {warning}
            </p>
          ))}
        </Panel>
        <Columns widths="wide-narrow">
          <FirstRows version={version} />
          <OriginPanel version={version} />
        </Columns>
      </Stack>
    </>
  )
}

interface Row {
  readonly values: Readonly<Record<string, string | number | boolean | null>>
  readonly index: number
}

function FirstRows({ version: { dataset, version } }: { version: DatasetVersion }) {
  const query = useCall(dataContract.head, { name: dataset, version, limit: 10 })
  return (
    <Panel title="First rows" flush>
      <Answered query={query}>
        {({ columns, rows }) => (
          <DataTable
            caption="First rows"
            rows={rows.map((values, index) => ({ values, index }))}
            rowKey={({ index }) => String(index)}
            columns={columns.map(({ name, type }): TableColumn<Row> => ({
              key: name,
              title: name,
              hint: type,
              numeric: type === 'integer' || type === 'number',
              cell: ({ values }) => String(values[name] ?? '–'),
            }))}
          />
        )}
      </Answered>
    </Panel>
  )
}
