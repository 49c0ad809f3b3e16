import { useEffect, useRef, useState } from 'react'
import { ShareBar } from '#ui/charts/share-bar'
import { Figure, Figures } from '#ui/kit/facts'
import { formatCompact, formatCount, formatDuration, formatNumber, formatShare } from '#ui/kit/format'
import { useCall } from '#ui/api/use-call'
import { type DeploymentView, servingContract } from '../contract.ts'
import { pollTrafficMs, quantileOf, trafficOf, variantColor } from './deployment-facts.ts'
import styles from './serving.module.css'

const timedPredictions = 200

/** What is asked and how it is answered, now. */
export function TrafficFigures({ deployment }: { deployment: DeploymentView }) {
  const traffic = trafficOf(deployment)
  const rate = useRate(traffic?.requests)
  const recent = useCall(
    servingContract.predictions,
    { name: deployment.name, limit: timedPredictions },
    { pollMs: () => pollTrafficMs * 2 },
  )
  const latencies = recent.data?.items.map(({ latencyMs }) => latencyMs) ?? []
  const median = quantileOf(latencies, 0.5)
  return (
    <Figures>
      <Figure
        name="Traffic"
        value={
          deployment.variants.map(({ version, weight }) => `v${version} ${weight} %`).join(' · ') || 'none'
        }
        note={
          <span className={styles['shares']}>
            <ShareBar
              label="Shares of the traffic"
              parts={deployment.variants.map(({ name, weight }, index) => ({
                name,
                share: weight,
                color: variantColor(index),
              }))}
            />
            {deployment.variants.map(({ name }, index) => (
              <span key={name} className={styles['key']}>
                <i style={{ background: `var(${variantColor(index)})` }} aria-hidden="true" /> {name}
              </span>
            ))}
          </span>
        }
      />
      <Figure
        name="Requests"
        value={formatCompact(traffic?.requests)}
        note={rate === undefined ? 'since the process started' : `${formatNumber(rate)} per second now`}
      />
      <Figure
        name="Errors"
        value={formatCount(traffic?.errors)}
        note={
          traffic?.errorShare === undefined
            ? 'no requests yet'
            : `${formatShare(traffic.errorShare, 2)} of the requests`
        }
      />
      <Figure
        name="Latency"
        value={median === undefined ? '–' : formatDuration(median)}
        note={
          latencies.length === 0
            ? 'no predictions yet'
            : `median; 95 % within ${formatDuration(quantileOf(latencies, 0.95) ?? 0)}, last ${latencies.length}`
        }
      />
      <Figure
        name="Logged"
        value={formatCompact(deployment.live?.logged)}
        note={
          deployment.live === undefined
            ? 'not running'
            : deployment.live.lost === 0
              ? 'none lost'
              : `${formatCount(deployment.live.lost)} lost`
        }
      />
    </Figures>
  )
}

/** Requests per second between the last two looks; undefined before the second one and after a restart. */
function useRate(requests: number | undefined): number | undefined {
  const before = useRef<{ requests: number; at: number }>(undefined)
  const [rate, setRate] = useState<number>()
  useEffect(() => {
    if (requests === undefined) return
    const now = performance.now()
    const last = before.current
    before.current = { requests, at: now }
    if (last !== undefined && requests >= last.requests && now > last.at) {
      setRate(((requests - last.requests) / (now - last.at)) * 1000)
    }
  }, [requests])
  return rate
}
