import { useMemo, useState, type ReactNode } from 'react'
import { sortRows, type SortKey } from './sort-rows.ts'
import styles from './data-table.module.css'

export interface TableColumn<Row> {
  readonly key: string
  readonly title: ReactNode
  /** Numbers align right, so that digits stand under digits. */
  readonly numeric?: boolean
  cell(row: Row): ReactNode
  /** What to sort by; a column without it cannot be sorted. Undefined sorts last, both ways. */
  sortBy?(row: Row): SortKey
  /** Takes what room is left and cuts what does not fit. */
  readonly wide?: boolean
  readonly hint?: string
}

interface Sort {
  readonly key: string
  readonly direction: 'ascending' | 'descending'
}

/** A table with a caption for screen readers, a header that stays, and columns that sort. */
export function DataTable<Row>({
  caption,
  columns,
  rows,
  rowKey,
  initialSort,
  maximumHeight,
  isSelected,
}: {
  caption: string
  columns: readonly TableColumn<Row>[]
  rows: readonly Row[]
  rowKey: (row: Row) => string
  initialSort?: Sort
  /** Pixels after which the body scrolls under the header. */
  maximumHeight?: number
  isSelected?: (row: Row) => boolean
}) {
  const [sort, setSort] = useState<Sort | undefined>(initialSort)
  const sorted = useMemo(() => {
    const column = columns.find(({ key }) => key === sort?.key)
    if (sort === undefined || column?.sortBy === undefined) return rows
    return sortRows(rows, column.sortBy, sort.direction)
  }, [rows, columns, sort])
  return (
    <div
      className={styles['scroll']}
      style={maximumHeight === undefined ? undefined : { maxHeight: maximumHeight }}
      role="region"
      aria-label={caption}
      // A region that scrolls must be reachable by keyboard (WCAG 2.1.1).
      // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
      tabIndex={0}
    >
      <table className={styles['table']}>
        <caption className="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                title={column.hint}
                className={classOf(column)}
                aria-sort={
                  column.sortBy === undefined ? undefined : sort?.key === column.key ? sort.direction : 'none'
                }
              >
                {column.sortBy === undefined ? (
                  column.title
                ) : (
                  <button type="button" onClick={() => setSort(nextSort(sort, column))}>
                    {column.title}
                    {sort?.key === column.key ? (
                      <span className={styles['arrow']} aria-hidden="true">
                        {sort.direction === 'ascending' ? '▲' : '▼'}
                      </span>
                    ) : null}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={rowKey(row)} className={isSelected?.(row) === true ? styles['selected'] : undefined}>
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function classOf<Row>({ numeric, wide }: TableColumn<Row>): string | undefined {
  return (
    [numeric === true ? styles['numeric'] : '', wide === true ? styles['wide'] : ''].join(' ').trim() ||
    undefined
  )
}

/** Numbers are first wanted from the top, names from the start. */
function nextSort<Row>(sort: Sort | undefined, { key, numeric }: TableColumn<Row>): Sort {
  const first = numeric === true ? 'descending' : 'ascending'
  if (sort?.key !== key) return { key, direction: first }
  return { key, direction: sort.direction === 'ascending' ? 'descending' : 'ascending' }
}
