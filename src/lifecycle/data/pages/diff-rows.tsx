import { useState } from 'react'
import { useCall } from '#ui/api/use-call'
import { Button } from '#ui/kit/controls'
import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { diffCalls } from '../diff/diff-calls.ts'
import { cellText, matchedText, repeatedText } from '../diff/diff-text.ts'
import type { RowDiff, ShownRowChange } from '../diff/row-changes.ts'
import styles from './diff.module.css'

const pageRows = 10

interface Versions {
  readonly dataset: string
  readonly from: string
  readonly to: string
}

/** The rows that differ, with their cells before and after. */
export function DiffRows({ dataset, from, to }: Versions) {
  const [page, setPage] = useState(0)
  const query = useCall(
    diffCalls.diffRows,
    { name: dataset, from, to, limit: pageRows, ...(page === 0 ? {} : { cursor: String(page * pageRows) }) },
    { keepPrevious: true },
  )
  return (
    <Panel
      title="Rows"
      note={
        query.data === undefined
          ? 'The rows of both versions are being compared.'
          : `Rows are ${matchedText(query.data.rows)}.`
      }
      flush
    >
      <Answered query={query}>
        {({ rows, items, next }) => (
          <>
            <Counts rows={rows} />
            {items.length === 0 ? (
              <EmptyState title="Every row of one version is in the other, as it is." />
            ) : (
              <Changes rows={rows} items={items} />
            )}
            {page === 0 && next === undefined ? null : (
              <p className={styles['pager']}>
                <Button onClick={() => setPage(page - 1)} disabled={page === 0}>
                  Previous
                </Button>
                <span>
                  {formatCount(page * pageRows + 1)} to {formatCount(page * pageRows + items.length)} of{' '}
                  {formatCount(rows.added + rows.removed + rows.changed)}
                </span>
                <Button onClick={() => setPage(page + 1)} disabled={next === undefined}>
                  Next
                </Button>
              </p>
            )}
          </>
        )}
      </Answered>
    </Panel>
  )
}

function Counts({ rows }: { rows: RowDiff }) {
  const repeated = repeatedText(rows)
  return (
    <div className={styles['counts']}>
      <Badge tone="good">+{formatCount(rows.added)} added</Badge>
      <Badge tone="bad">−{formatCount(rows.removed)} removed</Badge>
      {rows.key.length === 0 ? null : <Badge tone="warn">{formatCount(rows.changed)} changed</Badge>}
      <span>{formatCount(rows.unchanged)} the same</span>
      {rows.cells.length === 0 ? null : (
        <span className={styles['cells']}>
          Changed cells:{' '}
          {rows.cells.map(({ column, changed }) => `${column} ${formatCount(changed)}`).join(', ')}
        </span>
      )}
      {repeated === undefined ? null : <p>{repeated}</p>}
    </div>
  )
}

interface Numbered extends ShownRowChange {
  readonly position: number
}

const tones = { added: 'good', removed: 'bad', changed: 'warn' } as const

function Changes({ rows, items }: { rows: RowDiff; items: readonly ShownRowChange[] }) {
  return (
    <DataTable
      caption="Rows that differ"
      rows={items.map((item, position): Numbered => ({ ...item, position }))}
      rowKey={({ position }) => String(position)}
      columns={[
        {
          key: 'kind',
          title: '',
          cell: ({ kind, times }) => (
            <Badge tone={tones[kind]}>
              {kind}
              {times > 1 ? ` ×${times}` : ''}
            </Badge>
          ),
        },
        ...rows.key.map((name) => ({
          key: `key ${name}`,
          title: name,
          cell: (row: Numbered) => cellText((row.after ?? row.before)?.[name]),
        })),
        { key: 'cells', title: 'Cells', wide: true, cell: (row) => <Cells row={row} shownKey={rows.key} /> },
      ]}
    />
  )
}

function Cells({ row, shownKey }: { row: ShownRowChange; shownKey: readonly string[] }) {
  const { kind, before, after, changed } = row
  if (kind === 'changed') {
    return changed.map((name) => (
      <span key={name} className={styles['cell']}>
        {name} <del>{cellText(before?.[name])}</del> <ins>{cellText(after?.[name])}</ins>
      </span>
    ))
  }
  const cells = Object.entries(after ?? before ?? {}).filter(([name]) => !shownKey.includes(name))
  const text = cells.map(([name, cell]) => `${name} ${cellText(cell)}`).join(', ')
  return <span title={text}>{text}</span>
}
