import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { DataTable, type TableColumn } from '#ui/kit/data-table'
import { Facts, Figure, Figures } from '#ui/kit/facts'
import { actorName, formatBytes, formatCompact, formatCount, shortDigest } from '#ui/kit/format'
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
import { OutcomeMark } from './outcome-mark.tsx'

export function DatasetVersionPage({ dataset, version }: { dataset: string; version: string }) {
  const query = useCall(dataContract.get, {
    name: dataset,
    version: version === 'latest' ? 'latest' : version,
  })
  return <Answered query={query}>{(found) => <Version version={found} />}</Answered>
}

function Version({ version }: { version: DatasetVersion }) {
  const { dataset, validation, parent, columns } = version
  const passed = validation.checks.filter(({ outcome }) => outcome === 'pass').length
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
      </Figures>
      <Stack>
        <ColumnsPanel dataset={dataset} version={version.version} />
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
          <Origin version={version} />
        </Columns>
      </Stack>
    </>
  )
}

function Origin({ version: { source, digest, code } }: { version: DatasetVersion }) {
  return (
    <Panel title="Origin">
      <Facts
        items={[
          ['Digest', <Copyable key="digest" text={digest} short={shortDigest(digest)} />],
          source.kind === 'files' ? ['Files', source.paths.join(', ')] : ['URL', source.url],
          [
            'Code',
            code === null ? (
              'not in a Git repository'
            ) : (
              <span key="code">
                <Copyable text={code.commit} short={code.commit.slice(0, 10)} />{' '}
                {code.dirty ? 'with changes' : ''}
              </span>
            ),
          ],
        ]}
      />
    </Panel>
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
