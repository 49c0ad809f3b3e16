import { servingContract, type DeploymentView } from '#lifecycle/serving/contract'
import { PredictionsPanel } from '#lifecycle/serving/pages/predictions-panel'
import { AskingPanels } from '#lifecycle/serving/pages/asking-panels'
import { ErrorsPanel } from '#lifecycle/serving/pages/errors-panel'
import { RevisionsPanel } from '#lifecycle/serving/pages/revisions-panel'
import { TrafficFigures } from '#lifecycle/serving/pages/traffic-figures'
import { VariantsPanel } from '#lifecycle/serving/pages/variants-panel'
import { StaleNotice } from '#lifecycle/serving/pages/stale-notice'
import {
  answersText,
  changeText,
  lineOf,
  pollTrafficMs,
  readiness,
} from '#lifecycle/serving/pages/deployment-facts'
import { useCall } from '#ui/api/use-call'
import { Copyable } from '#ui/kit/command'
import { Answered, EmptyState, ErrorNotice } from '#ui/kit/notice'
import { PageHeader } from '#ui/kit/page-header'
import { Columns, Panel, Stack } from '#ui/kit/panel'
import { StateMark } from '#ui/kit/state-mark'
import { Ago } from '#ui/kit/time'
import { places } from '#ui/places'
import { Link } from '#ui/router/router'
import { DevmlopsError } from '#contract/errors'
import { monitoringContract } from '../contract.ts'
import { AlertsPanel } from './alerts-panel.tsx'
import { CanariesPanel } from './canaries-panel.tsx'
import { DriftPanel } from './drift-panel.tsx'
import { PerformancePanels } from './performance-panels.tsx'
import { RetrainingsPanel } from './retrainings-panel.tsx'
import { RolloutPanel } from './rollout-panel.tsx'

const shownWindows = 30

/** One endpoint: what it answers now (serving), and what became of its answers (monitoring). */
export function EndpointPage({ deployment: name }: { deployment: string }) {
  const query = useCall(servingContract.get, { name }, { pollMs: () => pollTrafficMs })
  return (
    <>
      <StaleNotice query={query} />
      <Answered query={query}>
        {(deployment) => <Endpoint deployment={deployment} lookedAt={query.dataUpdatedAt} />}
      </Answered>
    </>
  )
}

function Endpoint({ deployment, lookedAt }: { deployment: DeploymentView; lookedAt: number }) {
  const { name, live, rollout, revision } = deployment
  const { tone, word } = readiness(deployment)
  return (
    <>
      <PageHeader
        title={name}
        crumbs={[{ title: 'Endpoints', href: places.endpoints.to({}) }]}
        facts={[
          <StateMark key="state" tone={tone}>
            {word}
          </StateMark>,
          live?.ready === false ? live.reason : undefined,
          <span key="answers" title={changeText(deployment)}>
            {answersText(deployment)}, since <Ago time={deployment.updatedAt} />{' '}
            {lineOf(changeText(deployment))}
          </span>,
          <Link key="model" href={places.model.to({ model: modelName(deployment) })}>
            {deployment.model}
          </Link>,
          live === undefined ? undefined : <Copyable key="url" text={live.url} />,
        ].filter((fact) => fact !== undefined)}
      />
      <TrafficFigures deployment={deployment} lookedAt={lookedAt} />
      <Stack>
        <VariantsPanel deployment={deployment} />
        {rollout === undefined ? null : (
          <RolloutPanel deployment={name} rollout={rollout} seenAt={lookedAt} />
        )}
        <ErrorsPanel live={live} />
        <AlertsPanel monitor={name} />
        <AskingPanels deployment={deployment} />
        <PredictionsPanel deployment={deployment} />
        <RevisionsPanel name={name} current={revision} />
        <Monitoring name={name} />
      </Stack>
    </>
  )
}

function Monitoring({ name }: { name: string }) {
  const windows = useCall(monitoringContract.windows, { name, limit: shownWindows })
  const monitor = useCall(monitoringContract.get, { name })
  if (windows.error instanceof DevmlopsError && windows.error.code === 'not_found') {
    return (
      <Panel title="Not watched" flush>
        <EmptyState title="Nobody watches this endpoint.">
          Add it under “monitors” in devmlops.yaml: drift, realized performance, retraining.
        </EmptyState>
      </Panel>
    )
  }
  const failure = monitor.data?.failure
  return (
    <>
      {failure === undefined ? null : (
        <ErrorNotice
          error={new DevmlopsError('internal', `The last check of this monitor failed: ${failure.reason}`)}
        />
      )}
      <Answered query={windows}>
        {({ items }) => (
          <>
            <DriftPanel windows={items} />
            <PerformancePanels windows={items} />
          </>
        )}
      </Answered>
      <Columns>
        <RetrainingsPanel monitor={name} />
        <CanariesPanel monitor={name} />
      </Columns>
    </>
  )
}

/** `flight-delays@champion` → `flight-delays` */
function modelName({ model }: DeploymentView): string {
  return model.split('@')[0] ?? model
}
