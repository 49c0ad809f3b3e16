import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatCount, formatShare } from '#ui/kit/format'
import { Answered } from '#ui/kit/notice'
import { Panel } from '#ui/kit/panel'
import { dataContract } from '../contract.ts'
import type { ProfiledColumn } from '../profiles/version-profile.ts'
import { ColumnHistogram, formatValue } from './column-histogram.tsx'

/** Every column of a version with how its values are spread. */
export function ColumnsPanel({ dataset, version }: { dataset: string; version: number }) {
  const query = useCall(dataContract.profile, { name: dataset, version })
  return (
    <Panel
      title="Columns"
      note="Counted over all rows. Histograms of numbers reach from the 1 % to the 99 % quantile."
      flush
    >
      <Answered query={query}>
        {({ rows, columns }) => (
          <DataTable
            caption="Columns with their profiles"
            rows={columns}
            rowKey={({ name }) => name}
            columns={[
              { key: 'name', title: 'Column', cell: ({ name }) => <b>{name}</b>, sortBy: ({ name }) => name },
              { key: 'type', title: 'Type', cell: ({ type }) => type },
              {
                key: 'histogram',
                title: 'Distribution',
                cell: (column) => <ColumnHistogram column={column} />,
              },
              {
                key: 'missing',
                title: 'Missing',
                numeric: true,
                cell: ({ values }) => formatShare(rows === 0 ? null : values.missing / rows),
                sortBy: ({ values }) => values.missing,
              },
              {
                key: 'distinct',
                title: 'Distinct',
                numeric: true,
                cell: ({ distinct }) => formatCount(distinct),
                sortBy: ({ distinct }) => distinct,
              },
              {
                key: 'summary',
                title: 'Values',
                wide: true,
                cell: (column) => <span title={summary(column)}>{summary(column)}</span>,
              },
            ]}
          />
        )}
      </Answered>
    </Panel>
  )
}

function summary(column: ProfiledColumn): string {
  const { values, quantiles, frequent } = column
  if (values.kind === 'number' && quantiles !== null && quantiles[3] !== undefined) {
    const range =
      values.min === null || values.max === null
        ? ''
        : `, ${formatValue(column, values.min)} to ${formatValue(column, values.max)}`
    return `median ${formatValue(column, quantiles[3])}${range}`
  }
  return frequent
    .slice(0, 4)
    .map(({ level, count }) => `${level} ${formatShare(values.count === 0 ? null : count / values.count)}`)
    .join(', ')
}
