import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import type { FileDiff } from '../diff/file-changes.ts'

const tones = { added: 'good', removed: 'bad', modified: 'warn', renamed: 'busy' } as const

/** The files of a folder that differ. */
export function DiffFiles({ files }: { files: FileDiff }) {
  const all = files.added + files.removed + files.modified + files.renamed
  return (
    <Panel
      title="Files"
      aside={all > files.items.length ? `the first ${files.items.length} of ${formatCount(all)}` : undefined}
      flush
    >
      {all === 0 ? (
        <EmptyState title="The same files, with the same bytes." />
      ) : (
        <DataTable
          caption="Files that differ"
          rows={files.items}
          rowKey={({ path }) => path}
          columns={[
            { key: 'kind', title: '', cell: ({ kind }) => <Badge tone={tones[kind]}>{kind}</Badge> },
            {
              key: 'path',
              title: 'File',
              wide: true,
              cell: ({ path, from }) => (from === undefined ? path : `${from} → ${path}`),
              sortBy: ({ path }) => path,
            },
          ]}
        />
      )}
    </Panel>
  )
}
