import { VerdictMark } from '#lifecycle/evaluation/pages/verdict-badge'
import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { DataTable } from '#ui/kit/data-table'
import { actorName, versionLabel } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel, Stack } from '#ui/kit/panel'
import { Badge } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { type ModelVersion, registryContract, type Transition } from '../contract.ts'
import { AliasBadge } from './alias-badge.tsx'

export function ModelPage({ model }: { model: string }) {
  const query = useCall(registryContract.get, { model, limit: 200 })
  return (
    <Answered query={query}>
      {({ model: registered, versions, transitions }) => (
        <>
          <PageHeader
            title={registered.name}
            crumbs={[{ title: 'Models', href: places.models.to({}) }]}
            facts={[
              registered.description,
              ...Object.entries(registered.aliases).map(([alias, version]) => (
                <span key={alias}>
                  <AliasBadge alias={alias} /> v{version}
                </span>
              )),
            ].filter((fact) => fact !== '')}
          />
          <Stack>
            <Panel title="Versions" aside={versions.length} flush>
              <Versions versions={versions} />
            </Panel>
            <Panel
              title="Moves of aliases"
              aside={transitions.length}
              note="Written once, never changed."
              flush
            >
              <Transitions transitions={transitions} />
            </Panel>
          </Stack>
        </>
      )}
    </Answered>
  )
}

function Versions({ versions }: { versions: readonly ModelVersion[] }) {
  if (versions.length === 0)
    return <EmptyState title="No version was registered yet." command="devmlops run train" />
  return (
    <DataTable
      caption="Versions, newest first"
      rows={versions}
      rowKey={({ version }) => String(version)}
      columns={[
        {
          key: 'version',
          title: 'Version',
          cell: ({ model, version }) => (
            <Link href={places.modelVersion.to({ model, version: String(version) })}>v{version}</Link>
          ),
          sortBy: ({ version }) => version,
        },
        {
          key: 'aliases',
          title: 'Aliases',
          cell: ({ aliases }) => aliases.map((alias) => <AliasBadge key={alias} alias={alias} />),
        },
        ...(versions.some(({ stage }) => stage !== 'None')
          ? [
              {
                key: 'stage',
                title: 'Stage',
                cell: ({ stage }: ModelVersion) => (stage === 'None' ? '–' : stage),
              },
            ]
          : []),
        {
          key: 'verdict',
          title: 'Gates',
          cell: ({ evaluation }) =>
            evaluation === null ? 'not evaluated' : <VerdictMark outcome={evaluation.verdict} />,
        },
        {
          key: 'data',
          title: 'Data',
          wide: true,
          cell: ({ lineage }) =>
            lineage.datasets
              .map(({ name, version }) => (version === '' ? name : `${name}@${versionLabel(version)}`))
              .join(', '),
        },
        {
          key: 'run',
          title: 'Run',
          cell: ({ runId }) =>
            runId === null ? (
              '–'
            ) : (
              <Link href={places.run.to({ runId })}>
                <code>{runId.slice(0, 8)}</code>
              </Link>
            ),
        },
        { key: 'by', title: 'By', cell: ({ createdBy }) => actorName(createdBy) },
        {
          key: 'created',
          title: 'Registered',
          numeric: true,
          cell: ({ createdAt }) => <Ago time={createdAt} />,
          sortBy: ({ createdAt }) => createdAt,
        },
      ]}
    />
  )
}

export function Transitions({ transitions }: { transitions: readonly Transition[] }) {
  if (transitions.length === 0)
    return <EmptyState title="No alias has moved yet." command="devmlops models promote NAME VERSION" />
  return (
    <DataTable
      caption="Moves of aliases, newest first"
      rows={transitions.toSorted((left, right) => right.sequence - left.sequence)}
      rowKey={({ sequence }) => String(sequence)}
      columns={[
        { key: 'alias', title: 'Alias', cell: ({ alias }) => <AliasBadge alias={alias} /> },
        {
          key: 'move',
          title: 'Move',
          cell: ({ fromVersion, toVersion, kind, forced }) => (
            <>
              {versionText(fromVersion)} → {versionText(toVersion)}{' '}
              {kind === 'rollback' ? <Badge tone="warn">rollback</Badge> : null}{' '}
              {forced ? <Badge tone="bad">forced</Badge> : null}
            </>
          ),
        },
        {
          key: 'reason',
          title: 'Reason',
          wide: true,
          cell: ({ reason }) => <span title={reason}>{reason}</span>,
        },
        { key: 'actor', title: 'By', cell: ({ actor }) => actorName(actor) },
        { key: 'time', title: 'When', numeric: true, cell: ({ time }) => <Ago time={time} /> },
      ]}
    />
  )
}

export function ShortCommit({ commit }: { commit: string }) {
  return <Copyable text={commit} short={commit.slice(0, 10)} />
}

function versionText(version: number | null): string {
  return version === null ? 'none' : `v${version}`
}
