import { messageOf } from '#contract/errors'
import { useCall } from '#ui/api/use-call'
import { formatCompact } from '#ui/kit/format'
import { Ago } from '#ui/kit/time'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { dataContract } from '../contract.ts'
import type { DatasetSummary } from '../versions/dataset-version.ts'

const title = 'Data'
const href = places.data.to({})

export function DataLoopCard() {
  const { data, error } = useCall(dataContract.list, {})
  if (data === undefined)
    return (
      <WaitingLoopCard title={title} href={href} {...(error === null ? {} : { failure: messageOf(error) })} />
    )
  const current = data.items.reduce<DatasetSummary | undefined>(
    (latest, one) => (latest === undefined || changedAt(one) > changedAt(latest) ? one : latest),
    undefined,
  )
  if (current === undefined || (current.latest === null && current.lastRejection === null)) {
    return <EmptyLoopCard title={title} href={href} unit="rows" command="devmlops data add" />
  }
  const { name, latest, lastRejection } = current
  const isRejected = lastRejection !== null
  return (
    <LoopCard
      title={title}
      href={places.dataset.to({ dataset: name })}
      tone={isRejected ? 'bad' : latest?.outcome === 'warn' ? 'warn' : 'good'}
      state={isRejected ? 'Rejected' : latest?.outcome === 'warn' ? 'Warnings' : 'Valid'}
      figure={formatCompact(latest?.rows)}
      unit={latest === null ? `rows of ${name}` : `rows in ${name} v${latest.version}`}
      lines={[
        isRejected ? (
          <span key="rejected" title={lastRejection.message}>
            {lastRejection.message}
          </span>
        ) : (
          describe(data.items)
        ),
        <span key="when">
          <Ago time={changedAt(current)} />
        </span>,
      ]}
    />
  )
}

function describe(datasets: readonly DatasetSummary[]): string {
  const refused = datasets.reduce((sum, { rejections }) => sum + rejections, 0)
  const count = `${datasets.length} ${datasets.length === 1 ? 'dataset' : 'datasets'}`
  return refused === 0 ? count : `${count}, ${refused} ${refused === 1 ? 'arrival' : 'arrivals'} refused`
}

function changedAt({ latest, lastRejection }: DatasetSummary): number {
  return Math.max(latest?.createdAt ?? 0, lastRejection?.createdAt ?? 0)
}
