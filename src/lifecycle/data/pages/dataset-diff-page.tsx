import { useCall } from '#ui/api/use-call'
import { Figure, Figures } from '#ui/kit/facts'
import { formatBytes, formatChange, formatCompact, formatCount } from '#ui/kit/format'
import { Answered } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Stack } from '#ui/kit/panel'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import type { Diff } from '../diff/diff.ts'
import { diffCalls } from '../diff/diff-calls.ts'
import { schemaLines } from '../diff/diff-text.ts'
import { DiffDistributions } from './diff-distributions.tsx'
import { DiffFiles } from './diff-files.tsx'
import { DiffRows } from './diff-rows.tsx'
import { DiffSchema } from './diff-schema.tsx'

export function DatasetDiffPage({ dataset, from, to }: { dataset: string; from: string; to: string }) {
  // What is known is shown at once; the rows have to be read, and come when they are compared.
  const query = useCall(diffCalls.diff, { name: dataset, from, to, layer: 'distributions' })
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
      <Answered query={query}>
        {(diff) =>
          diff.files === null ? (
            <TableDifferences diff={diff} versions={{ dataset, from, to }} />
          ) : (
            <FolderDifferences diff={diff} files={diff.files} />
          )
        }
      </Answered>
    </>
  )
}

function TableDifferences({
  diff,
  versions,
}: {
  diff: Diff
  versions: { dataset: string; from: string; to: string }
}) {
  const { from, to, parts, columns } = diff
  const schema = schemaLines(diff)
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
        <Figure
          name="Schema"
          value={
            schema.length === 0 ? 'same' : `${schema.length} ${schema.length === 1 ? 'change' : 'changes'}`
          }
          note={`${columns.length} columns compared`}
        />
      </Figures>
      <Stack>
        <DiffSchema diff={diff} />
        <DiffRows {...versions} />
        <DiffDistributions diff={diff} />
      </Stack>
    </>
  )
}

function FolderDifferences({ diff: { from, to }, files }: { diff: Diff; files: NonNullable<Diff['files']> }) {
  return (
    <>
      <Figures>
        <Figure
          name="Files"
          value={formatCompact(to.files)}
          note={`${formatChange(to.files - from.files)} from ${formatCount(from.files)}`}
        />
        <Figure name="Size" value={formatBytes(to.sizeBytes)} note={`from ${formatBytes(from.sizeBytes)}`} />
        <Figure
          name="Changes"
          value={`+${formatCount(files.added)} −${formatCount(files.removed)}`}
          note={`${formatCount(files.modified)} modified, ${formatCount(files.renamed)} renamed`}
        />
      </Figures>
      <Stack>
        <DiffFiles files={files} />
      </Stack>
    </>
  )
}
