import { metricNamed } from '#lifecycle/evaluation/contract'
import { verdictTone } from '#lifecycle/evaluation/pages/verdict-badge'
import { messageOf } from '#contract/errors'
import { formatInterval, formatNumber, metricTitle } from '#ui/kit/format'
import { Ago } from '#ui/kit/time'
import { EmptyLoopCard, LoopCard, WaitingLoopCard } from '#ui/loop/loop-card'
import { places } from '#ui/places'
import { useCurrentModel } from './champion.tsx'

const modelsHref = places.models.to({})

export function EvaluationLoopCard() {
  const { isLoaded, error, model, reference, champion, report } = useCurrentModel()
  const title = 'Evaluation'
  if (!isLoaded)
    return (
      <WaitingLoopCard
        title={title}
        href={modelsHref}
        {...(error === null ? {} : { failure: messageOf(error) })}
      />
    )
  if (model === undefined || reference === undefined || report === undefined) {
    return (
      <EmptyLoopCard title={title} href={modelsHref} unit="models evaluated" command="devmlops run train" />
    )
  }
  const headline = metricNamed(report.metrics, report.task === 'binary' ? 'roc_auc' : 'rmse')
  const passed = report.gates.filter(({ outcome }) => outcome === 'passed').length
  const { outcome } = report.verdict
  return (
    <LoopCard
      title={title}
      href={places.modelVersion.to({ model: model.name, version: String(reference) })}
      tone={verdictTone(outcome)}
      state={outcome === 'no_gates' ? 'No gates' : outcome === 'passed' ? 'Passed' : 'Failed'}
      figure={headline?.status === 'value' ? formatNumber(headline.value) : '–'}
      unit={`${metricTitle(headline?.name ?? '')} of ${champion === undefined ? 'the latest' : 'the champion'}`}
      lines={[
        headline?.status === 'value'
          ? formatInterval(headline.interval.low, headline.interval.high)
          : (headline?.reason ?? ''),
        report.gates.length === 0 ? 'no gates set' : `${passed} of ${report.gates.length} gates passed`,
      ]}
    />
  )
}

export function RegistryLoopCard() {
  const { isLoaded, error, count, model, champion } = useCurrentModel()
  const title = 'Registry'
  if (!isLoaded)
    return (
      <WaitingLoopCard
        title={title}
        href={modelsHref}
        {...(error === null ? {} : { failure: messageOf(error) })}
      />
    )
  if (model === undefined)
    return (
      <EmptyLoopCard title={title} href={modelsHref} unit="models registered" command="devmlops run train" />
    )
  const others = Object.entries(model.aliases).filter(([, version]) => version !== champion)
  return (
    <LoopCard
      title={title}
      href={places.model.to({ model: model.name })}
      tone={champion === undefined ? 'warn' : 'good'}
      state={champion === undefined ? 'No champion' : 'Champion'}
      figure={champion === undefined ? `v${model.latestVersion ?? '–'}` : `v${champion}`}
      unit={count > 1 ? `${model.name}, and ${count - 1} more` : model.name}
      lines={[
        others.length === 0
          ? `${model.latestVersion ?? 0} ${model.latestVersion === 1 ? 'version' : 'versions'}`
          : others.map(([alias, version]) => `${alias} v${String(version)}`).join(', '),
        <span key="changed">
          changed <Ago time={model.updatedAt} />
        </span>,
      ]}
    />
  )
}
