import { DataLoopCard } from '#lifecycle/data/pages/data-loop-card'
import { EventFeed } from '#lifecycle/governance/pages/event-feed'
import { MonitoringLoopCard, RetrainingLoopCard } from '#lifecycle/monitoring/pages/monitoring-loop-cards'
import { PipelinesLoopCard } from '#lifecycle/pipelines/pages/pipelines-loop-card'
import { EvaluationLoopCard, RegistryLoopCard } from '#lifecycle/registry/pages/registry-loop-cards'
import { ServingLoopCard } from '#lifecycle/serving/pages/serving-loop-card'
import { TrainingLoopCard } from '#lifecycle/tracking/pages/training-loop-card'
import { PageHeader } from '#ui/kit/page-header'
import { Stack } from '#ui/kit/panel'
import { LoopRing } from './loop-ring.tsx'

const stations = [
  <DataLoopCard key="data" />,
  <PipelinesLoopCard key="pipelines" />,
  <TrainingLoopCard key="training" />,
  <EvaluationLoopCard key="evaluation" />,
  <RegistryLoopCard key="registry" />,
  <ServingLoopCard key="serving" />,
  <MonitoringLoopCard key="monitoring" />,
  <RetrainingLoopCard key="retraining" />,
]

/** The whole loop and where it stands. */
export function LoopPage() {
  return (
    <>
      <PageHeader title="The loop" />
      <Stack>
        <LoopRing stations={stations}>
          Data becomes a model, the model answers, and its answers ask for newer data.
        </LoopRing>
        <EventFeed />
      </Stack>
    </>
  )
}
