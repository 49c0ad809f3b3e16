import { useState } from 'react'
import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { Button, SearchField } from '#ui/kit/controls'
import { DataTable } from '#ui/kit/data-table'
import { formatBytes, formatCount, shortDigest } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { dataContract } from '../contract.ts'

const pageSize = 100

/** The files of a folder's version, page by page, or those whose path begins with some text. */
export function FilesPanel({ dataset, version, files }: { dataset: string; version: number; files: number }) {
  const [prefix, setPrefix] = useState('')
  /** Where each page so far began; the first has no beginning. */
  const [pages, setPages] = useState<readonly (string | undefined)[]>([undefined])
  const after = pages.at(-1)
  const query = useCall(
    dataContract.files,
    { name: dataset, version, prefix, limit: pageSize, ...(after === undefined ? {} : { after }) },
    { keepPrevious: true },
  )
  const look = (text: string): void => {
    setPrefix(text)
    setPages([undefined])
  }
  return (
    <Panel
      title="Files"
      note={`${formatCount(files)} in all`}
      aside={
        <SearchField
          label="Paths that begin with"
          placeholder="Paths that begin with"
          value={prefix}
          onChange={look}
        />
      }
      flush
    >
      <Answered query={query}>
        {({ items, next }) =>
          items.length === 0 ? (
            <EmptyState title={`No path of this version begins with “${prefix}”.`} />
          ) : (
            <>
              <DataTable
                caption="Files"
                rows={items}
                rowKey={({ path }) => path}
                maximumHeight={480}
                columns={[
                  { key: 'path', title: 'Path', wide: true, cell: ({ path }) => path },
                  {
                    key: 'size',
                    title: 'Size',
                    numeric: true,
                    cell: ({ sizeBytes }) => formatBytes(sizeBytes),
                  },
                  {
                    key: 'digest',
                    title: 'Digest',
                    cell: ({ digest }) => <Copyable text={digest} short={shortDigest(digest)} />,
                  },
                ]}
              />
              <p style={{ display: 'flex', gap: 8, padding: '8px 14px' }}>
                <Button disabled={pages.length === 1} onClick={() => setPages(pages.slice(0, -1))}>
                  Before
                </Button>
                <Button disabled={next === undefined} onClick={() => setPages([...pages, next])}>
                  After
                </Button>
              </p>
            </>
          )
        }
      </Answered>
    </Panel>
  )
}
