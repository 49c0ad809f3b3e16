import { useCall } from '#ui/api/use-call'
import { DataTable } from '#ui/kit/data-table'
import { Copyable } from '#ui/kit/command'
import { Facts } from '#ui/kit/facts'
import { actorName, formatNumber, metricTitle, shortDigest } from '#ui/kit/format'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Columns, Panel, Stack } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import { Ago, Took } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { reservedTags, type RunDocument, trackingContract } from '../contract.ts'
import { ArtifactBrowser } from './artifact-browser.tsx'
import { MetricHistories } from './metric-histories.tsx'
import { RunModels } from './run-models.tsx'
import { isRunning, pollRunningMs, statusWord } from './run-facts.ts'

export function RunPage({ runId }: { runId: string }) {
  const query = useCall(
    trackingContract.getRun,
    { runId },
    { pollMs: (run) => (run !== undefined && isRunning(run) ? pollRunningMs : undefined) },
  )
  return <Answered query={query}>{(run) => <Run run={run} />}</Answered>
}

function Run({ run }: { run: RunDocument }) {
  const pipelineRun = run.tags[reservedTags.pipelineRunId]
  return (
    <>
      <PageHeader
        title={run.name}
        crumbs={[{ title: 'Runs', href: places.runs.to({}) }]}
        facts={[
          <StateMark key="status" tone={toneOf(run.status)}>
            {statusWord(run)}
          </StateMark>,
          run.startedAt === null ? 'not started' : <Ago key="started" time={run.startedAt} />,
          <span key="took">
            {run.endedAt === null ? 'for' : 'took'} <Took from={run.startedAt} to={run.endedAt} />
          </span>,
          `by ${actorName(run.user)}`,
          <Copyable key="id" text={run.id} short={run.id.slice(0, 12)} />,
          pipelineRun === undefined ? null : (
            <Link key="pipeline" href={places.pipelineRun.to({ runId: pipelineRun })}>
              in pipeline {run.tags[reservedTags.pipeline] ?? 'run'}
              {run.tags[reservedTags.step] === undefined ? '' : `, step ${run.tags[reservedTags.step]}`}
            </Link>
          ),
        ].filter((fact) => fact !== null)}
      />
      <Columns widths="wide-narrow">
        <Stack>
          <MetricHistories runs={[run]} />
          <Metrics run={run} />
          <RunModels runId={run.id} />
          <ArtifactBrowser runId={run.id} />
        </Stack>
        <Stack>
          <Parameters run={run} />
          <Inputs run={run} />
          <Tags run={run} />
        </Stack>
      </Columns>
    </>
  )
}

function Metrics({ run }: { run: RunDocument }) {
  return (
    <Panel title="Metrics" flush aside={run.metrics.length}>
      {run.metrics.length === 0 ? (
        <EmptyState title="No metrics logged." />
      ) : (
        <DataTable
          caption="Latest value of each metric"
          rows={run.metrics}
          rowKey={({ key }) => key}
          maximumHeight={420}
          initialSort={{ key: 'key', direction: 'ascending' }}
          columns={[
            {
              key: 'key',
              title: 'Metric',
              wide: true,
              cell: ({ key }) => <span title={key}>{metricTitle(key)}</span>,
              sortBy: ({ key }) => key,
            },
            {
              key: 'value',
              title: 'Value',
              numeric: true,
              cell: ({ value }) => formatNumber(Number(value)),
              sortBy: ({ value }) => Number(value),
            },
            {
              key: 'step',
              title: 'Step',
              numeric: true,
              cell: ({ step }) => step,
              sortBy: ({ step }) => step,
            },
            {
              key: 'time',
              title: 'Logged',
              numeric: true,
              cell: ({ timestamp }) => <Ago time={timestamp} />,
              sortBy: ({ timestamp }) => timestamp,
            },
          ]}
        />
      )}
    </Panel>
  )
}

function Parameters({ run }: { run: RunDocument }) {
  const entries = Object.entries(run.params)
  return (
    <Panel title="Parameters" aside={entries.length}>
      {entries.length === 0 ? (
        <p>None were logged.</p>
      ) : (
        <Facts items={entries.map(([key, value]) => [key, <code key={key}>{value}</code>])} />
      )}
    </Panel>
  )
}

function Inputs({ run }: { run: RunDocument }) {
  return (
    <Panel title="Inputs" aside={run.inputs.length}>
      {run.inputs.length === 0 ? (
        <p>No dataset was recorded.</p>
      ) : (
        <Facts
          items={run.inputs.map(({ name, digest, context }) => [
            context ?? 'data',
            <span key={digest}>
              {name} · <Copyable text={digest} short={shortDigest(digest)} />
            </span>,
          ])}
        />
      )}
    </Panel>
  )
}

function Tags({ run }: { run: RunDocument }) {
  const entries = Object.entries(run.tags)
  return (
    <Panel title="Tags" aside={entries.length}>
      {entries.length === 0 ? (
        <p>None were set.</p>
      ) : (
        <Facts items={entries.map(([key, value]) => [key, value])} />
      )}
    </Panel>
  )
}
