import { useCall } from '#ui/api/use-call'
import { actorName } from '#ui/kit/format'
import { DataTable } from '#ui/kit/data-table'
import { Answered, EmptyState } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Panel, Stack } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import { Ago, Took } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { type PipelineRunView, pipelinesContract } from '../contract.ts'
import { describeDatasets, describeTrigger, isGoing, pollRunningMs, stateWord } from './run-state.ts'
import { StepGraph } from './step-graph.tsx'

export function PipelinesPage() {
  const runs = useCall(
    pipelinesContract.runs,
    { limit: 100 },
    { pollMs: (answer) => (answer?.items.some(isGoing) === true ? pollRunningMs : undefined) },
  )
  return (
    <>
      <PageHeader title="Pipelines" />
      <Stack>
        <Definitions />
        <Panel title="Runs" flush>
          <Answered query={runs}>{({ items }) => <RunTable runs={items} />}</Answered>
        </Panel>
      </Stack>
    </>
  )
}

function Definitions() {
  const query = useCall(pipelinesContract.list, {})
  return (
    <Answered query={query}>
      {({ items }) =>
        items.length === 0 ? (
          <Panel title="No pipelines">
            <EmptyState
              title="A pipeline is steps that turn data into a model."
              command="devmlops init --example flight-delays"
            >
              Write one under “pipelines” in devmlops.yaml, or start from the example.
            </EmptyState>
          </Panel>
        ) : (
          items.map(({ name, steps, lastRun }) => (
            <Panel
              key={name}
              title={name}
              aside={
                lastRun === undefined ? (
                  <code>devmlops run {name}</code>
                ) : (
                  <Link href={places.pipelineRun.to({ runId: lastRun.id })}>
                    <StateMark tone={toneOf(lastRun.state)}>{stateWord(lastRun.state)}</StateMark>{' '}
                    <Ago time={lastRun.createdAt} />
                  </Link>
                )
              }
            >
              <StepGraph
                label={`Steps of ${name}`}
                steps={steps.map((step) => ({ ...step, tone: 'quiet' }))}
              />
            </Panel>
          ))
        )
      }
    </Answered>
  )
}

function RunTable({ runs }: { runs: readonly PipelineRunView[] }) {
  if (runs.length === 0) {
    return <EmptyState title="No pipeline has run yet." command="devmlops run train" />
  }
  return (
    <DataTable
      caption="Runs of pipelines, newest first"
      rows={runs}
      rowKey={({ id }) => id}
      maximumHeight={560}
      columns={[
        {
          key: 'run',
          title: 'Run',
          cell: ({ id, pipeline }) => (
            <Link href={places.pipelineRun.to({ runId: id })}>
              {pipeline} <code>{id.slice(-8)}</code>
            </Link>
          ),
          sortBy: ({ pipeline }) => pipeline,
        },
        {
          key: 'state',
          title: 'State',
          cell: ({ state, failure }) => (
            <span title={failure?.message}>
              <StateMark tone={toneOf(state)}>{stateWord(state)}</StateMark>
            </span>
          ),
          sortBy: ({ state }) => state,
        },
        {
          key: 'created',
          title: 'Started',
          numeric: true,
          cell: ({ createdAt }) => <Ago time={createdAt} />,
          sortBy: ({ createdAt }) => createdAt,
        },
        {
          key: 'took',
          title: 'Took',
          numeric: true,
          cell: ({ startedAt, finishedAt }) => <Took from={startedAt} to={finishedAt} />,
        },
        { key: 'data', title: 'Data', cell: ({ datasets }) => describeDatasets(datasets) },
        { key: 'actor', title: 'By', cell: ({ actor }) => actorName(actor), sortBy: ({ actor }) => actor },
        {
          key: 'why',
          title: 'Why',
          wide: true,
          cell: ({ trigger }) => <span title={trigger.reason}>{describeTrigger(trigger)}</span>,
        },
      ]}
    />
  )
}
