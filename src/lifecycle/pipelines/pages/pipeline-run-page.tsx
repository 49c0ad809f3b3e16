import { useCall } from '#ui/api/use-call'
import { actorName } from '#ui/kit/format'
import { Copyable } from '#ui/kit/command'
import { Facts } from '#ui/kit/facts'
import { Answered } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Columns, Panel, Stack } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { toneOf } from '#ui/kit/tone'
import { Ago, Took } from '#ui/kit/time'
import { places } from '#ui/places'
import { useSearchField } from '#ui/router/router'
import { RunFailure } from './run-failure.tsx'
import { type PipelineRunDetail, pipelinesContract } from '../contract.ts'
import { describeDatasets, describeTrigger, isGoing, pollRunningMs, stateWord } from './run-state.ts'
import { StepDetail } from './step-detail.tsx'
import { StepGraph } from './step-graph.tsx'
import { inRunningOrder } from './step-order.ts'
import { StepTimeline } from './step-timeline.tsx'

export function PipelineRunPage({ runId }: { runId: string }) {
  const query = useCall(
    pipelinesContract.run,
    { runId },
    { pollMs: (run) => (run !== undefined && isGoing(run) ? pollRunningMs : undefined) },
  )
  return <Answered query={query}>{(run) => <PipelineRun run={run} />}</Answered>
}

function PipelineRun({ run }: { run: PipelineRunDetail }) {
  const [chosen, choose] = useSearchField('step')
  const steps = inRunningOrder(run.steps.map((step) => ({ ...step, name: step.step })))
  const interesting =
    steps.find(({ name }) => name === chosen) ??
    steps.find(({ state }) => state === 'failed' || state === 'running') ??
    steps.findLast(({ state }) => state === 'succeeded') ??
    steps[0]
  return (
    <>
      <PageHeader
        title={`${run.pipeline} ${run.id.slice(-8)}`}
        crumbs={[{ title: 'Pipelines', href: places.pipelines.to({}) }]}
        facts={[
          <StateMark key="state" tone={toneOf(run.state)}>
            {stateWord(run.state)}
          </StateMark>,
          <Ago key="created" time={run.createdAt} />,
          <span key="took">
            {run.finishedAt === undefined ? 'for' : 'took'} <Took from={run.startedAt} to={run.finishedAt} />
          </span>,
          `by ${actorName(run.actor)}`,
          describeTrigger(run.trigger),
        ]}
      />
      <Stack>
        {run.failure === undefined ? null : <RunFailure failure={run.failure} />}
        <Panel title="Steps">
          <StepGraph
            label={`Steps of ${run.pipeline}`}
            steps={steps.map(({ name, kind, needs, state }) => ({ name, kind, needs, tone: toneOf(state) }))}
          />
        </Panel>
        <Panel
          title="Timeline"
          flush
          note="Choose a step to see why it ran, what it took and made, and what it printed."
        >
          <StepTimeline run={run} steps={steps} chosen={interesting?.name} choose={choose} />
        </Panel>
        <Columns widths="wide-narrow">
          {interesting === undefined ? <div /> : <StepDetail run={run} step={interesting} />}
          <Panel title="Fixed when it started">
            <Facts
              items={[
                ['Data', describeDatasets(run.datasets) || 'none'],
                ...Object.entries(run.parameters).map(
                  ([name, value]) => [name, <code key={name}>{String(value)}</code>] as const,
                ),
                [
                  'Code',
                  run.code === undefined ? (
                    'not in a Git repository'
                  ) : (
                    <span key="code">
                      <Copyable text={run.code.commit} short={run.code.commit.slice(0, 10)} />
                      {run.code.dirty ? ' with changes' : ''}
                    </span>
                  ),
                ],
                ['Run', <Copyable key="id" text={run.id} />],
              ]}
            />
          </Panel>
        </Columns>
      </Stack>
    </>
  )
}
