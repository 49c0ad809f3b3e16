import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { Figure, Figures } from '#ui/kit/facts'
import {
  formatBytes,
  formatChange,
  formatCompact,
  formatCount,
  formatNumber,
  formatShare,
} from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel, Stack } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { dataContract } from '../contract.ts'
import type { ColumnDiff, Diff } from '../diff/diff.ts'
import { ColumnHistogram } from './column-histogram.tsx'

/** Lewis (1994) and credit scoring since: below 0.1 stable, above 0.25 another population. */
const psiLevels = { moved: 0.1, changed: 0.25 } as const

export function DatasetDiffPage({ dataset, from, to }: { dataset: string; from: string; to: string }) {
  const query = useCall(dataContract.diff, { name: dataset, from, to })
  return (
    <>
      <PageHeader
        title={`${dataset}: v${from} to v${to}`}
        crumbs={[
          { title: 'Data', href: places.data.to({}) },
          { title: dataset, href: places.dataset.to({ dataset }) },
        ]}
        facts={[
          <Link key="from" href={places.datasetVersion.to({ dataset, version: from })}>
            v{from}
          </Link>,
          <Link key="to" href={places.datasetVersion.to({ dataset, version: to })}>
            v{to}
          </Link>,
          <Link key="reverse" href={places.datasetDiff.to({ dataset, from: to, to: from })}>
            the other way round
          </Link>,
        ]}
      />
      <Answered query={query}>{(diff) => <Differences diff={diff} />}</Answered>
    </>
  )
}

function Differences({ diff }: { diff: Diff }) {
  const { from, to, parts, columns } = diff
  return (
    <>
      <Figures>
        <Figure
          name="Rows"
          value={formatCompact(to.rows)}
          note={`${formatChange(to.rows - from.rows)} from ${formatCount(from.rows)}`}
        />
        <Figure name="Size" value={formatBytes(to.sizeBytes)} note={`from ${formatBytes(from.sizeBytes)}`} />
        <Figure
          name="Parts"
          value={`+${parts.added.length} −${parts.removed.length}`}
          note="added, removed"
        />
        <Figure name="Schema" value={schemaText(diff)} note={schemaNote(diff)} />
      </Figures>
      <Stack>
        <Panel
          title="Distributions"
          note="The largest distance first. PSI: below 0.1 is stable, above 0.25 is another population."
          flush
        >
          {columns.length === 0 ? (
            <EmptyState title="The two versions have no column in common." />
          ) : (
            <DataTable
              caption="Distributions of the columns that both versions have"
              rows={columns}
              rowKey={({ column }) => column}
              columns={[
                {
                  key: 'column',
                  title: 'Column',
                  cell: ({ column }) => <b>{column}</b>,
                  sortBy: ({ column }) => column,
                },
                { key: 'verdict', title: 'Moved', cell: (column) => <PsiBadge column={column} /> },
                {
                  key: 'psi',
                  title: 'PSI',
                  numeric: true,
                  cell: ({ psi }) => formatNumber(psi),
                  sortBy: ({ psi }) => psi,
                },
                {
                  key: 'jsd',
                  title: 'Jensen-Shannon',
                  numeric: true,
                  cell: ({ jensenShannon }) => formatNumber(jensenShannon),
                  sortBy: ({ jensenShannon }) => jensenShannon,
                },
                {
                  key: 'from',
                  title: `v${from.version}`,
                  cell: (column) => <ColumnHistogram column={column.from} width={120} />,
                },
                {
                  key: 'to',
                  title: `v${to.version}`,
                  cell: (column) => <ColumnHistogram column={column.to} width={120} />,
                },
                {
                  key: 'missing',
                  title: 'Missing',
                  numeric: true,
                  cell: ({ missing }) => `${formatShare(missing.from)} → ${formatShare(missing.to)}`,
                },
              ]}
            />
          )}
        </Panel>
      </Stack>
    </>
  )
}

function PsiBadge({ column: { psi, exact } }: { column: ColumnDiff }) {
  if (psi === null) return <Badge>not compared</Badge>
  const title = exact ? undefined : 'Counted in different cells, so the figures are near, not exact'
  const [tone, word] =
    psi >= psiLevels.changed
      ? (['bad', 'changed'] as const)
      : psi >= psiLevels.moved
        ? (['warn', 'moved'] as const)
        : (['good', 'stable'] as const)
  return (
    <Badge tone={tone} {...(title === undefined ? {} : { title })}>
      {word}
    </Badge>
  )
}

function schemaText({ schema }: Diff): string {
  const count = schema.added.length + schema.removed.length + schema.changed.length
  return count === 0 ? 'same' : `${count} ${count === 1 ? 'change' : 'changes'}`
}

function schemaNote({ schema, columns }: Diff): string {
  const parts = [
    ...schema.added.map(({ column, type }) => `+ ${column} (${type})`),
    ...schema.removed.map(({ column }) => `− ${column}`),
    ...schema.changed.map(({ column, from, to }) => `${column}: ${from} → ${to}`),
  ]
  return parts.length === 0 ? `${columns.length} columns` : parts.join(', ')
}
