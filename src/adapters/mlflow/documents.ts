import type { DatasetInput, Experiment, Metric, Run } from '#lifecycle/tracking/index'
import { reservedTags } from '#lifecycle/tracking/reads'
import type { Json } from './call.ts'

/** Our nouns as MLflow's clients read them. */

export function keyValues(pairs: Readonly<Record<string, string>>): Json {
  return Object.entries(pairs).map(([key, value]) => ({ key, value }))
}

export function experimentDocument(experiment: Experiment): Json {
  return {
    experiment_id: experiment.id,
    name: experiment.name,
    artifact_location: experiment.artifactLocation,
    lifecycle_stage: experiment.lifecycleStage,
    last_update_time: experiment.updatedAt,
    creation_time: experiment.createdAt,
    tags: keyValues(experiment.tags),
  }
}

export function runInfo(run: Run): Json {
  return {
    run_uuid: run.id,
    run_id: run.id,
    run_name: run.name,
    experiment_id: run.experimentId,
    user_id: run.user,
    status: run.status,
    start_time: run.startedAt,
    end_time: run.endedAt,
    artifact_uri: run.artifactUri,
    lifecycle_stage: run.lifecycleStage,
  }
}

/** Doubles that JSON does not have cross as text. */
export function doubleDocument(value: number): Json {
  return Number.isFinite(value) ? value : String(value)
}

export function metricDocument({ key, value, timestamp, step }: Metric): Json {
  return { key, value: doubleDocument(value), timestamp, step }
}

export function datasetDocument(input: DatasetInput): Json {
  const { name, digest, sourceType, source, schema, profile } = input
  const tags =
    input.context === undefined ? input.tags : { [reservedTags.dataContext]: input.context, ...input.tags }
  return {
    tags: keyValues(tags),
    dataset: { name, digest, source_type: sourceType, source, schema, profile },
  }
}

export function runDocument(run: Run): Json {
  return {
    info: runInfo(run),
    data: {
      metrics: run.metrics.map(metricDocument),
      params: keyValues(run.params),
      tags: keyValues(run.tags),
    },
    inputs: {
      dataset_inputs: run.inputs.map(datasetDocument),
      model_inputs: run.inputModels.map((model_id) => ({ model_id })),
    },
    outputs: { model_outputs: run.outputs.map(({ modelId, step }) => ({ model_id: modelId, step })) },
  }
}
