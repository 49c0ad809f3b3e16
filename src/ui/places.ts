import { place } from '#ui/router/place'

/** Every address of the page. Stages link to each other by these, so no stage imports the pages of a later one. */
export const places = {
  loop: place('/'),
  data: place('/data'),
  dataset: place('/data/:dataset'),
  datasetVersion: place('/data/:dataset/versions/:version'),
  datasetDiff: place('/data/:dataset/diff/:from/:to'),
  pipelines: place('/pipelines'),
  pipelineRun: place('/pipelines/runs/:runId'),
  runs: place('/runs'),
  compareRuns: place('/runs/compare'),
  run: place('/runs/:runId'),
  models: place('/models'),
  model: place('/models/:model'),
  modelVersion: place('/models/:model/versions/:version'),
  endpoints: place('/endpoints'),
  endpoint: place('/endpoints/:deployment'),
} as const
