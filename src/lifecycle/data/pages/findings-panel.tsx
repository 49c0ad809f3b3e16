import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { formatCount } from '#ui/kit/format'
import { Columns, Panel } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { dataContract } from '../contract.ts'
import type { Correlation, VersionProfile } from '../profiles/version-profile.ts'

const measures: Readonly<Record<Correlation['measure'], string>> = {
  pearson: 'Pearson, of two numbers',
  cramers_v: 'Cramér’s V, of two categories',
  correlation_ratio: 'correlation ratio, of a category and a number',
}

/** What the profile found that a person would want to know before using the columns; nothing where it found nothing. */
export function FindingsPanel({ dataset, version }: { dataset: string; version: number }) {
  const { data: profile } = useCall(dataContract.profile, { name: dataset, version })
  if (profile === undefined) return null
  const surprises = profile.columns.flatMap(({ name, surprises: found }) =>
    (found ?? []).map((surprise) => ({ name, ...surprise })),
  )
  const correlations = (profile.correlations ?? []).slice(0, 20)
  if (surprises.length === 0 && correlations.length === 0) return null
  return (
    <Columns>
      {surprises.length === 0 ? null : (
        <Panel title="Surprises" aside={surprises.length} note={keysNote(profile)} flush>
          <DataTable
            caption="Surprises"
            rows={surprises}
            rowKey={({ name, kind }) => `${name} ${kind}`}
            maximumHeight={360}
            columns={[
              { key: 'column', title: 'Column', cell: ({ name }) => <b>{name}</b> },
              {
                key: 'message',
                title: 'What',
                wide: true,
                cell: ({ message }) => <span title={message}>{message}</span>,
              },
              { key: 'rows', title: 'Rows', numeric: true, cell: ({ rows }) => formatCount(rows) },
            ]}
          />
        </Panel>
      )}
      {correlations.length === 0 ? null : (
        <Panel title="Columns that go together" note="Strongest first." flush>
          <DataTable
            caption="Correlations"
            rows={correlations}
            rowKey={({ columns }) => columns.join(' ')}
            maximumHeight={360}
            columns={[
              { key: 'columns', title: 'Columns', wide: true, cell: ({ columns }) => columns.join(' and ') },
              {
                key: 'measure',
                title: 'Measure',
                cell: ({ measure }) => (
                  <Badge title={measures[measure]}>{measures[measure].split(',')[0]}</Badge>
                ),
              },
              {
                key: 'value',
                title: 'Value',
                numeric: true,
                cell: ({ value }) => value.toFixed(2),
                sortBy: ({ value }) => Math.abs(value),
              },
            ]}
          />
        </Panel>
      )}
    </Columns>
  )
}

function keysNote({ keys = [] }: VersionProfile): string {
  const [first, ...more] = keys
  if (first === undefined) return 'No column, and no pair of columns, names each row once.'
  const others = more.length === 0 ? '' : `, and ${more.length} more`
  return `${first.columns.join(' with ')} names each row once${others}.`
}
