import { CurvesPanel } from '#lifecycle/evaluation/pages/curves-panel'
import { GatesPanel } from '#lifecycle/evaluation/pages/gates-panel'
import { MetricsPanel } from '#lifecycle/evaluation/pages/metrics-panel'
import { SlicesPanel } from '#lifecycle/evaluation/pages/slices-panel'
import { VerdictMark } from '#lifecycle/evaluation/pages/verdict-badge'
import { DownloadLink } from '#ui/api/download-link'
import { downloadAddress, useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { DataTable } from '#ui/kit/data-table'
import { actorName, formatBytes, shortDigest } from '#ui/kit/format'
import { Fold } from '#ui/kit/fold'
import { Markdown } from '#ui/kit/markdown/markdown'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Columns, Panel, Stack } from '#ui/kit/panel'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { type ModelVersion, registryContract, type Trace } from '../contract.ts'
import { AliasBadge } from './alias-badge.tsx'
import { LineagePanel } from './lineage-panel.tsx'
import { Transitions } from './model-page.tsx'

export function ModelVersionPage({ model, version }: { model: string; version: string }) {
  const query = useCall(registryContract.trace, { model, reference: version })
  return <Answered query={query}>{(trace) => <Version trace={trace} />}</Answered>
}

function Version({ trace }: { trace: Trace }) {
  const { version, transitions } = trace
  return (
    <>
      <PageHeader
        title={`${version.model} v${version.version}`}
        crumbs={[
          { title: 'Models', href: places.models.to({}) },
          { title: version.model, href: places.model.to({ model: version.model }) },
        ]}
        facts={[
          ...version.aliases.map((alias) => <AliasBadge key={alias} alias={alias} />),
          version.evaluation === null ? (
            'not evaluated'
          ) : (
            <VerdictMark key="verdict" outcome={version.evaluation.verdict} />
          ),
          <span key="made">
            registered <Ago time={version.createdAt} /> by {actorName(version.createdBy)}
          </span>,
          version.description,
        ].filter((fact) => fact !== '')}
      />
      <Columns widths="wide-narrow">
        <Stack>
          <Evaluation version={version} />
          <Panel title="Moves of aliases" flush>
            <Transitions transitions={transitions} />
          </Panel>
          <ModelCard text={version.card} />
        </Stack>
        <Stack>
          <LineagePanel trace={trace} />
          <Signature version={version} />
          <Files version={version} />
        </Stack>
      </Columns>
    </>
  )
}

/** A card repeats the report in words, so it is folded until somebody wants to read it. */
function ModelCard({ text }: { text: string }) {
  return (
    <Panel title="Model card">
      {text === '' ? (
        <EmptyState title="No card was written." />
      ) : (
        <Fold title="the whole card">
          <Markdown source={text} />
        </Fold>
      )}
    </Panel>
  )
}

function Evaluation({ version }: { version: ModelVersion }) {
  const query = useCall(registryContract.report, { model: version.model, reference: String(version.version) })
  return (
    <Answered query={query}>
      {({ report }) =>
        report === null ? (
          <Panel title="Evaluation">
            <EmptyState title="Nobody evaluated this version here.">
              A pipeline’s “evaluate” step measures a model on later rows and judges its gates.
            </EmptyState>
          </Panel>
        ) : (
          <>
            <GatesPanel report={report} />
            <MetricsPanel report={report} />
            <SlicesPanel report={report} />
            <CurvesPanel report={report} />
          </>
        )
      }
    </Answered>
  )
}

function Signature({ version: { signature } }: { version: ModelVersion }) {
  if (signature === null) return null
  const columns = [
    ...signature.inputs.map(({ name, type, required }) => ({
      name,
      type,
      role: required ? 'takes' : 'takes, may be missing',
    })),
    ...signature.outputs.map(({ name, type }) => ({ name, type, role: 'gives' })),
  ]
  return (
    <Panel title="Signature" flush>
      <DataTable
        caption="What the model takes and gives"
        rows={columns}
        rowKey={({ name, role }) => `${role} ${name}`}
        columns={[
          { key: 'name', title: 'Column', cell: ({ name }) => <code>{name}</code> },
          { key: 'type', title: 'Type', cell: ({ type }) => type },
          { key: 'role', title: '', cell: ({ role }) => role },
        ]}
      />
    </Panel>
  )
}

function Files({ version }: { version: ModelVersion }) {
  const { model, artifacts } = version
  return (
    <Panel title="Files" flush>
      <DataTable
        caption="Files of the version"
        rows={artifacts}
        rowKey={({ path }) => path}
        columns={[
          {
            key: 'path',
            title: 'Name',
            wide: true,
            cell: ({ path }) => (
              <DownloadLink
                href={downloadAddress(registryContract.file, {
                  model,
                  reference: String(version.version),
                  path,
                })}
                fileName={path.split('/').at(-1) ?? path}
              >
                {path}
              </DownloadLink>
            ),
          },
          {
            key: 'digest',
            title: 'Digest',
            cell: ({ digest }) => <Copyable text={digest} short={shortDigest(digest)} />,
          },
          { key: 'size', title: 'Size', numeric: true, cell: ({ sizeBytes }) => formatBytes(sizeBytes) },
        ]}
      />
    </Panel>
  )
}
