import { messageOf } from '#contract/errors'
import { useCall } from '#ui/api/use-call'
import { toneOf } from '#ui/kit/tone'
import { Ago, Took } from '#ui/kit/time'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { pipelinesContract } from '../contract.ts'
import { describeTrigger, isGoing, pollRunningMs, stateWord } from './run-state.ts'

const title = 'Pipelines'
const href = places.pipelines.to({})

export function PipelinesLoopCard() {
  const { data, error } = useCall(
    pipelinesContract.runs,
    { limit: 1 },
    { pollMs: (answer) => (answer?.items.some(isGoing) === true ? pollRunningMs : undefined) },
  )
  const [latest] = data?.items ?? []
  const detail = useCall(
    pipelinesContract.run,
    { runId: latest?.id ?? 'latest' },
    {
      enabled: latest !== undefined,
      keepPrevious: true,
      pollMs: (run) => (run !== undefined && isGoing(run) ? pollRunningMs : undefined),
    },
  )
  if (data === undefined)
    return (
      <WaitingLoopCard title={title} href={href} {...(error === null ? {} : { failure: messageOf(error) })} />
    )
  if (latest === undefined)
    return <EmptyLoopCard title={title} href={href} unit="runs" command="devmlops run train" />
  const run = detail.data?.id === latest.id ? detail.data : undefined
  const state = run?.state ?? latest.state
  const current = run?.steps.find((step) => step.state === 'running')
  const done = run?.steps.filter((step) => step.state === 'succeeded' || step.state === 'cached').length
  const cached = run?.steps.filter((step) => step.state === 'cached').length ?? 0
  return (
    <LoopCard
      title={title}
      href={places.pipelineRun.to({ runId: latest.id })}
      tone={toneOf(state)}
      state={stateWord(state)}
      figure={run === undefined ? '–' : `${done} / ${run.steps.length}`}
      unit={`steps of ${latest.pipeline}${cached === 0 ? '' : `, ${cached} cached`}`}
      lines={[
        current === undefined ? (
          <span key="when">
            <Ago time={latest.createdAt} />, took <Took from={latest.startedAt} to={latest.finishedAt} />
          </span>
        ) : (
          `${current.step}: ${current.progress?.text ?? 'running'}`
        ),
        describeTrigger(latest.trigger),
      ]}
    />
  )
}
