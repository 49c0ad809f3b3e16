import { useState } from 'react'
import { DownloadLink } from '#ui/api/download-link'
import { downloadAddress, useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { Button } from '#ui/kit/controls'
import { DataTable } from '#ui/kit/data-table'
import { formatBytes, shortDigest } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { type ArtifactEntry, trackingContract } from '../contract.ts'

/** The files that a run left, folder by folder. */
export function ArtifactBrowser({ runId }: { runId: string }) {
  const [folder, setFolder] = useState('')
  const query = useCall(
    trackingContract.listArtifacts,
    { runId, ...(folder === '' ? {} : { path: folder }) },
    { keepPrevious: true },
  )
  return (
    <Panel
      title="Artifacts"
      flush
      aside={
        folder === '' ? null : (
          <>
            <code>{folder}</code>{' '}
            <Button onClick={() => setFolder(folder.split('/').slice(0, -1).join('/'))}>Up</Button>
          </>
        )
      }
    >
      <Answered query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState title="No files were kept." />
          ) : (
            <Entries runId={runId} items={items} open={setFolder} />
          )
        }
      </Answered>
    </Panel>
  )
}

function Entries({
  runId,
  items,
  open,
}: {
  runId: string
  items: readonly ArtifactEntry[]
  open: (path: string) => void
}) {
  return (
    <DataTable
      caption="Artifacts"
      rows={items}
      rowKey={({ path }) => path}
      columns={[
        {
          key: 'path',
          title: 'Name',
          wide: true,
          cell: ({ path, isDirectory }) => {
            const name = path.split('/').at(-1) ?? path
            if (isDirectory) return <Button plain onClick={() => open(path)}>{`${name}/`}</Button>
            return (
              <DownloadLink
                href={downloadAddress(trackingContract.readArtifact, { runId, path })}
                fileName={name}
              >
                {name}
              </DownloadLink>
            )
          },
        },
        {
          key: 'digest',
          title: 'Digest',
          cell: ({ digest }) =>
            digest === undefined ? '' : <Copyable text={digest} short={shortDigest(digest)} />,
        },
        {
          key: 'size',
          title: 'Size',
          numeric: true,
          cell: ({ sizeBytes }) => (sizeBytes === undefined ? '' : formatBytes(sizeBytes)),
        },
      ]}
    />
  )
}
