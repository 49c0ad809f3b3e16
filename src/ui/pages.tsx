import { lazy, Suspense } from 'react'
import { DatasetDiffPage } from '#lifecycle/data/pages/dataset-diff-page'
import { DatasetPage } from '#lifecycle/data/pages/dataset-page'
import { DatasetVersionPage } from '#lifecycle/data/pages/dataset-version-page'
import { DatasetsPage } from '#lifecycle/data/pages/datasets-page'
import { PipelineRunPage } from '#lifecycle/pipelines/pages/pipeline-run-page'
import { PipelinesPage } from '#lifecycle/pipelines/pages/pipelines-page'
import { ModelPage } from '#lifecycle/registry/pages/model-page'
import { ModelVersionPage } from '#lifecycle/registry/pages/model-version-page'
import { ModelsPage } from '#lifecycle/registry/pages/models-page'
import { EndpointsPage } from '#lifecycle/serving/pages/endpoints-page'
import { ComparePage } from '#lifecycle/tracking/pages/compare-page'
import { RunPage } from '#lifecycle/tracking/pages/run-page'
import { RunsPage } from '#lifecycle/tracking/pages/runs-page'
import { Waiting } from '#ui/kit/notice'
import { LoopPage } from '#ui/loop/loop-page'
import { places } from './places.ts'
import { page } from '#ui/router/router'

/** The largest page, fetched by those who open it. */
const EndpointPage = lazy(async () => ({
  default: (await import('#lifecycle/monitoring/pages/endpoint-page')).EndpointPage,
}))

/** What is shown where; the first place that matches wins. */
export const pages = [
  page(places.loop, () => <LoopPage />),
  page(places.data, () => <DatasetsPage />),
  page(places.dataset, (names) => <DatasetPage {...names} />),
  page(places.datasetVersion, (names) => <DatasetVersionPage {...names} />),
  page(places.datasetDiff, (names) => <DatasetDiffPage {...names} />),
  page(places.pipelines, () => <PipelinesPage />),
  page(places.pipelineRun, (names) => <PipelineRunPage {...names} />),
  page(places.runs, () => <RunsPage />),
  page(places.compareRuns, () => <ComparePage />),
  page(places.run, (names) => <RunPage {...names} />),
  page(places.models, () => <ModelsPage />),
  page(places.model, (names) => <ModelPage {...names} />),
  page(places.modelVersion, (names) => <ModelVersionPage {...names} />),
  page(places.endpoints, () => <EndpointsPage />),
  page(places.endpoint, (names) => (
    <Suspense fallback={<Waiting />}>
      <EndpointPage {...names} />
    </Suspense>
  )),
] as const
