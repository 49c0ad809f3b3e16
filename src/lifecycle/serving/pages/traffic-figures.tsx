import { Sparkline } from '#ui/charts/sparkline'
import { Figure, Figures } from '#ui/kit/facts'
import { formatCompact, formatCount, formatDuration, formatShare } from '#ui/kit/format'
import type { DeploymentView } from '../contract.ts'
import { inFlightOf, shownWindow, windowWords } from './deployment-facts.ts'
import { LogFigure } from './log-figure.tsx'
import { useTrails } from './use-trails.tsx'
import styles from './serving.module.css'

/** What is asked and how it is answered, now. @param lookedAt when the serving process was asked last */
export function TrafficFigures({ deployment, lookedAt }: { deployment: DeploymentView; lookedAt: number }) {
  const { live } = deployment
  const away = deployment.state === 'stopped' ? 'stopped' : 'the serving process does not run'
  const figures = live?.figures
  const window = figures === undefined ? undefined : shownWindow(figures)
  const trails = useTrails({ rate: figures?.now.requestsPerSecond, p95: figures?.now.p95Ms }, lookedAt)
  const total = live?.variants.reduce((sum, { requests }) => sum + requests, 0)
  const rejected = Object.values(figures?.rejected ?? {}).reduce((sum, count) => sum + count, 0)
  return (
    <Figures>
      <Figure
        name="Requests per second"
        value={
          <span className={styles['trail']}>
            {rateText(figures?.now.requestsPerSecond)}
            <Sparkline label="Requests per second since the page was opened" values={trails['rate'] ?? []} />
          </span>
        }
        note={
          figures === undefined
            ? away
            : `${rateText(figures.lastMinute.requestsPerSecond)} over a minute, ${rateText(figures.lastFiveMinutes.requestsPerSecond)} over five; ${formatCompact(total)} in all`
        }
      />
      <Figure
        name="Latency, median"
        value={msText(window?.p50Ms)}
        note={
          window === undefined
            ? away
            : window.p50Ms === undefined
              ? 'no requests in five minutes'
              : `95 % within ${msText(window.p95Ms)}, 99 % within ${msText(window.p99Ms)}, ${windowWords(window)}`
        }
      />
      <Figure
        name="Errors"
        value={window === undefined || window.requests === 0 ? '–' : formatShare(window.errorRate, 2)}
        note={
          window === undefined
            ? away
            : window.requests === 0
              ? 'no requests in five minutes'
              : `${formatCount(window.errors)} of ${formatCount(window.requests)} requests, ${windowWords(window)}`
        }
      />
      <Figure
        name="In flight"
        value={formatCount(live === undefined ? undefined : inFlightOf(live))}
        note={
          figures === undefined
            ? away
            : `${formatCount(figures.queuedRequests)} wait${figures.queuedRequests === 0 ? '' : `, about ${msText(figures.expectedWaitMs)}`}; ${formatCount(rejected)} turned away`
        }
      />
      <LogFigure log={live?.log} away={away} />
    </Figures>
  )
}

export function rateText(rate: number | undefined): string {
  if (rate === undefined) return '–'
  return rate >= 100 ? formatCount(rate) : rate.toFixed(rate === 0 ? 0 : 1)
}

function msText(ms: number | undefined): string {
  return ms === undefined ? '–' : formatDuration(ms)
}
