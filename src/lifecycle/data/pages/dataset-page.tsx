import { useState } from 'react'
import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { Button, Choice } from '#ui/kit/controls'
import { DataTable } from '#ui/kit/data-table'
import { actorName, formatBytes, formatCount, shortDigest } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel, Stack } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link, useRouter } from '#ui/router/router'
import { dataContract } from '../contract.ts'
import type { Rejection, VersionSummary } from '../versions/dataset-version.ts'
import { OutcomeMark } from './outcome-mark.tsx'
import { ChecksTable } from './checks-table.tsx'

export function DatasetPage({ dataset }: { dataset: string }) {
  const versions = useCall(dataContract.versions, { name: dataset, limit: 200 })
  const rejections = useCall(dataContract.rejections, { name: dataset, limit: 50 })
  return (
    <>
      <PageHeader title={dataset} crumbs={[{ title: 'Data', href: places.data.to({}) }]} />
      <Stack>
        <Answered query={versions}>{({ items }) => <Versions dataset={dataset} versions={items} />}</Answered>
        <Answered query={rejections}>
          {({ items }) => (items.length === 0 ? null : <Rejections rejections={items} />)}
        </Answered>
      </Stack>
    </>
  )
}

function Versions({ dataset, versions }: { dataset: string; versions: readonly VersionSummary[] }) {
  if (versions.length === 0) {
    return (
      <Panel title="Versions">
        <EmptyState
          title="No version yet: nothing has arrived, or nothing passed."
          command={`devmlops data add ${dataset}`}
        />
      </Panel>
    )
  }
  return (
    <Panel title="Versions" aside={<Compare dataset={dataset} versions={versions} />} flush>
      <DataTable
        caption="Versions, newest first"
        rows={versions}
        rowKey={({ version }) => String(version)}
        columns={[
          {
            key: 'version',
            title: 'Version',
            cell: ({ version }) => (
              <Link href={places.datasetVersion.to({ dataset, version: String(version) })}>v{version}</Link>
            ),
            sortBy: ({ version }) => version,
          },
          { key: 'outcome', title: 'Checked', cell: ({ outcome }) => <OutcomeMark outcome={outcome} /> },
          {
            key: 'rows',
            title: 'Holds',
            numeric: true,
            cell: ({ kind, rows, files }) =>
              kind === 'folder' ? `${formatCount(files)} files` : `${formatCount(rows)} rows`,
            sortBy: ({ rows }) => rows,
          },
          {
            key: 'size',
            title: 'Size',
            numeric: true,
            cell: ({ sizeBytes }) => formatBytes(sizeBytes),
            sortBy: ({ sizeBytes }) => sizeBytes,
          },
          { key: 'parts', title: 'Parts', numeric: true, cell: ({ partCount }) => partCount },
          {
            key: 'digest',
            title: 'Digest',
            wide: true,
            cell: ({ digest }) => <Copyable text={digest} short={shortDigest(digest)} />,
          },
          { key: 'by', title: 'By', cell: ({ createdBy }) => actorName(createdBy) },
          {
            key: 'created',
            title: 'Arrived',
            numeric: true,
            cell: ({ createdAt }) => <Ago time={createdAt} />,
            sortBy: ({ createdAt }) => createdAt,
          },
          {
            key: 'diff',
            title: 'Changes',
            cell: ({ version, parent }) =>
              parent === null ? (
                'first'
              ) : (
                <Link href={places.datasetDiff.to({ dataset, from: String(parent), to: String(version) })}>
                  since v{parent}
                </Link>
              ),
          },
        ]}
      />
    </Panel>
  )
}

function Compare({ dataset, versions }: { dataset: string; versions: readonly VersionSummary[] }) {
  const { go } = useRouter()
  const [from, setFrom] = useState(String(versions.at(-1)?.version ?? ''))
  const [to, setTo] = useState(String(versions[0]?.version ?? ''))
  if (versions.length < 2) return versions.length
  const options = versions.map(({ version }) => ({ value: String(version), title: `v${version}` }))
  return (
    <>
      <Choice label="From" value={from} options={options} onChange={setFrom} />{' '}
      <Choice label="to" value={to} options={options} onChange={setTo} />{' '}
      <Button disabled={from === to} onClick={() => go(places.datasetDiff.to({ dataset, from, to }))}>
        Diff
      </Button>
    </>
  )
}

function Rejections({ rejections }: { rejections: readonly Rejection[] }) {
  return (
    <Panel title="Rejected arrivals" note="Nothing of them was taken in." aside={rejections.length} flush>
      {rejections.map((rejection) => (
        <details key={rejection.id} style={{ borderTop: '1px solid var(--line)', padding: '6px 14px' }}>
          <summary>
            <StateMark tone="bad">
              {rejection.files.map(({ path }) => path.split('/').at(-1)).join(', ')}
            </StateMark>{' '}
            {rejection.message} · <Ago time={rejection.createdAt} /> by {rejection.createdBy}
            {rejection.times > 1 ? `, offered ${rejection.times} times` : ''}
          </summary>
          {rejection.hint === undefined ? null : (
            <p style={{ color: 'var(--ink-soft)', padding: '4px 0' }}>{rejection.hint}</p>
          )}
          {rejection.validation === null ? null : <ChecksTable checks={rejection.validation.checks} />}
        </details>
      ))}
    </Panel>
  )
}
