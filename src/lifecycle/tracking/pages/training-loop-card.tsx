import { useCall } from '#ui/api/use-call'
import { formatCount, formatNumber, metricTitle } from '#ui/kit/format'
import { messageOf } from '#contract/errors'
import { Ago } from '#ui/kit/time'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { type RunDocument, trackingContract } from '../contract.ts'
import { isRunning, metricOf, pollRunningMs } from './run-facts.ts'

const title = 'Training'
const href = places.runs.to({})

/** In this order of fame; the first that the runs have is shown. */
const headlines = [
  { key: 'roc_auc', better: Math.max },
  { key: 'r2', better: Math.max },
  { key: 'accuracy', better: Math.max },
  { key: 'rmse', better: Math.min },
  { key: 'log_loss', better: Math.min },
] as const

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
  for (const { key, better } of headlines) {
    const values = runs.flatMap((run) => metricOf(run, key) ?? []).filter(Number.isFinite)
    if (values.length > 0) return `best ${metricTitle(key)} ${formatNumber(better(...values))}`
  }
  return 'no metrics yet'
}
