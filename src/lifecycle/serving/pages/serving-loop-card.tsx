import { messageOf } from '#contract/errors'
import { useCall } from '#ui/api/use-call'
import { formatCompact, formatShare } from '#ui/kit/format'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { servingContract } from '../contract.ts'
import { pollTrafficMs, readiness, trafficOf, variantsText } from './deployment-facts.ts'

const title = 'Serving'
const href = places.endpoints.to({})

export function ServingLoopCard() {
  const { data, error } = useCall(servingContract.list, {}, { pollMs: () => pollTrafficMs })
  if (data === undefined)
    return (
      <WaitingLoopCard title={title} href={href} {...(error === null ? {} : { failure: messageOf(error) })} />
    )
  const deployment = data.items.find(({ state }) => state === 'active') ?? data.items[0]
  if (deployment === undefined)
    return <EmptyLoopCard title={title} href={href} unit="endpoints" command="devmlops deploy NAME" />
  const { tone, word } = readiness(deployment)
  const traffic = trafficOf(deployment)
  return (
    <LoopCard
      title={title}
      href={places.endpoint.to({ deployment: deployment.name })}
      tone={tone}
      state={word}
      figure={formatCompact(traffic?.requests)}
      unit={`requests${traffic?.errorShare === undefined ? '' : `, ${formatShare(traffic.errorShare)} errors`}`}
      lines={[
        deployment.variants.length === 0 ? 'nothing answers' : variantsText(deployment),
        data.items.length > 1 ? `${deployment.name}, and ${data.items.length - 1} more` : deployment.name,
      ]}
    />
  )
}
