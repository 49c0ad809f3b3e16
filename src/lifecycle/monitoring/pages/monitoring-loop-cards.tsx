import { messageOf } from '#contract/errors'
import { useCall } from '#ui/api/use-call'
import { formatCompact, formatDay } from '#ui/kit/format'
import { Ago } from '#ui/kit/time'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { monitoringContract } from '../contract.ts'

const endpoints = places.endpoints.to({})

export function MonitoringLoopCard() {
  const { data, error } = useCall(monitoringContract.list, {})
  const title = 'Monitoring'
  if (data === undefined)
    return (
      <WaitingLoopCard
        title={title}
        href={endpoints}
        {...(error === null ? {} : { failure: messageOf(error) })}
      />
    )
  const [monitor] = data.items
  if (monitor === undefined)
    return <EmptyLoopCard title={title} href={endpoints} unit="monitors" command="devmlops monitor run" />
  const alerts = data.items.flatMap((one) => one.alerts)
  const firing = alerts.filter(({ state }) => state === 'firing')
  const { latest, windows } = monitor
  return (
    <LoopCard
      title={title}
      href={places.endpoint.to({ deployment: monitor.name })}
      tone={firing.length > 0 ? 'bad' : windows.judged === 0 ? 'quiet' : 'good'}
      state={firing.length > 0 ? 'Firing' : windows.judged === 0 ? 'Watching' : 'Quiet'}
      figure={firing.length}
      unit={firing.length === 1 ? 'alert firing' : 'alerts firing'}
      lines={[
        firing[0] === undefined
          ? `${windows.judged} windows judged`
          : firing.map(({ subject }) => subject).join(', '),
        latest === undefined
          ? `${formatCompact(monitor.predictions)} predictions read`
          : `week of ${formatDay(latest.window.start)}: drift ${latest.findings?.drift.verdict ?? 'unknown'}`,
      ]}
    />
  )
}

export function RetrainingLoopCard() {
  const { data, error } = useCall(monitoringContract.list, {})
  const title = 'Retraining'
  if (data === undefined)
    return (
      <WaitingLoopCard
        title={title}
        href={endpoints}
        {...(error === null ? {} : { failure: messageOf(error) })}
      />
    )
  const monitor = data.items.find(({ retraining }) => retraining !== undefined)
  const decision = monitor?.retraining
  if (monitor === undefined || decision === undefined) {
    return (
      <LoopCard
        title={title}
        href={endpoints}
        tone="quiet"
        state="Idle"
        figure="–"
        unit="no decision yet"
        lines={['an alert asks for one']}
      />
    )
  }
  const hasStarted = decision.decision === 'start'
  return (
    <LoopCard
      title={title}
      href={
        decision.runId === undefined
          ? places.endpoint.to({ deployment: monitor.name })
          : places.pipelineRun.to({ runId: decision.runId })
      }
      tone={decision.state === 'failed' ? 'bad' : hasStarted ? 'good' : 'quiet'}
      state={decision.state === 'failed' ? 'Failed' : hasStarted ? 'Started' : 'Held'}
      figure={hasStarted ? decision.pipeline : 'Hold'}
      unit={`last decision, on data to ${formatDay(decision.eventTime)}`}
      lines={[
        <span key="reason" title={decision.reason}>
          {decision.reason}
        </span>,
        <Ago key="when" time={Date.parse(decision.decidedAt)} />,
      ]}
    />
  )
}
