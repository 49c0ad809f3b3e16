import { useCall } from '#ui/api/use-call'
import { formatCount, formatNumber, metricTitle } from '#ui/kit/format'
import { messageOf } from '#contract/errors'
import { Ago } from '#ui/kit/time'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { type RunDocument, trackingContract } from '../contract.ts'
import { bestMetric, isRunning, pollRunningMs } from './run-facts.ts'

const title = 'Training'
const href = places.runs.to({})

export function TrainingLoopCard() {
  const { data, error } = useCall(
    trackingContract.listRuns,
    { limit: 200 },
    { pollMs: (answer) => (answer?.items.some(isRunning) === true ? pollRunningMs : undefined) },
  )
  if (data === undefined)
    return (
      <WaitingLoopCard title={title} href={href} {...(error === null ? {} : { failure: messageOf(error) })} />
    )
  const [latest] = data.items
  if (latest === undefined)
    return <EmptyLoopCard title={title} href={href} unit="runs recorded" command="devmlops run train" />
  const running = data.items.filter(isRunning).length
  const failed = data.items.filter(({ status }) => status === 'FAILED').length
  return (
    <LoopCard
      title={title}
      href={href}
      tone={running > 0 ? 'busy' : 'good'}
      state={running > 0 ? `${running} running` : 'Recorded'}
      figure={`${formatCount(data.items.length)}${data.next === undefined ? '' : '+'}`}
      unit={data.items.length === 1 ? 'run' : `runs${failed === 0 ? '' : `, ${failed} failed`}`}
      lines={[
        bestLine(data.items),
        <span key="latest">
          {latest.name}, {latest.startedAt === null ? 'not started' : <Ago time={latest.startedAt} />}
        </span>,
      ]}
    />
  )
}

function bestLine(runs: readonly RunDocument[]): string {
  const best = bestMetric(runs)
  return best === undefined ? 'no metrics yet' : `best ${metricTitle(best.key)} ${formatNumber(best.value)}`
}
