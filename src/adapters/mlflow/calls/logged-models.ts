import type { LoggedModel, ModelMetric, TrackingService } from '#lifecycle/tracking/index'
import { artifactFiles } from '../artifact-files.ts'
import { call, nothing, type Json, type MlflowCall } from '../call.ts'
import { doubleDocument, keyValues } from '../documents.ts'
import { keyValue, textMap } from '../key-value.ts'
import { flag, integer, list, message, oneOf, required, text } from '../message.ts'

/** As protocol buffers count them. */
const status = oneOf({
  LOGGED_MODEL_STATUS_UNSPECIFIED: 0,
  LOGGED_MODEL_PENDING: 1,
  LOGGED_MODEL_READY: 2,
  LOGGED_MODEL_UPLOAD_FAILED: 3,
})

const statusNames = {
  PENDING: 'LOGGED_MODEL_PENDING',
  READY: 'LOGGED_MODEL_READY',
  FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
} as const

const statuses = {
  LOGGED_MODEL_STATUS_UNSPECIFIED: 'PENDING',
  LOGGED_MODEL_PENDING: 'PENDING',
  LOGGED_MODEL_READY: 'READY',
  LOGGED_MODEL_UPLOAD_FAILED: 'FAILED',
} as const

const defaultPage = 50

const modelId = required(text)

const searchMessage = message({
  experiment_ids: required(list(text)),
  filter: text,
  datasets: list(message({ dataset_name: required(text), dataset_digest: text })),
  max_results: integer,
  order_by: list(
    message({ field_name: required(text), ascending: flag, dataset_name: text, dataset_digest: text }),
  ),
  page_token: text,
})

/** Models as `log_model` makes them, before they are registered. */
export function loggedModelCalls(tracking: TrackingService): MlflowCall[] {
  return [
    call({
      methods: ['POST'],
      path: 'logged-models',
      permission: 'write',
      request: message({
        experiment_id: required(text),
        name: text,
        model_type: text,
        source_run_id: text,
        params: list(keyValue),
        tags: list(keyValue),
      }),
      answer: async ({ experiment_id, name, model_type, source_run_id, params, tags }) => {
        const model = await tracking.createLoggedModel({
          experimentId: experiment_id,
          params: textMap(params),
          tags: textMap(tags),
          ...(isGiven(name) ? { name } : {}),
          ...(isGiven(model_type) ? { modelType: model_type } : {}),
          ...(isGiven(source_run_id) ? { sourceRunId: source_run_id } : {}),
        })
        return { model: loggedModelDocument(model) }
      },
    }),
    call({
      methods: ['POST'],
      path: 'logged-models/search',
      permission: 'read',
      request: searchMessage,
      answer: async (request) => {
        const { models, nextPageToken } = await tracking.searchLoggedModels({
          experimentIds: request.experiment_ids,
          limit:
            request.max_results === undefined || request.max_results <= 0 ? defaultPage : request.max_results,
          datasets: (request.datasets ?? []).map((dataset) => datasetChoice(dataset)),
          order: (request.order_by ?? []).map(
            ({ field_name, ascending = true, dataset_name, dataset_digest }) => ({
              field: field_name,
              descending: !ascending,
              ...(isGiven(dataset_name) ? { dataset: datasetChoice({ dataset_name, dataset_digest }) } : {}),
            }),
          ),
          ...(isGiven(request.filter) ? { filter: request.filter } : {}),
          ...(isGiven(request.page_token) ? { pageToken: request.page_token } : {}),
        })
        return { models: models.map(loggedModelDocument), next_page_token: nextPageToken }
      },
    }),
    call({
      methods: ['GET'],
      path: 'logged-models/:model_id',
      permission: 'read',
      request: message({ model_id: modelId, allow_deleted: flag }),
      answer: async ({ model_id, allow_deleted = false }) => ({
        model: loggedModelDocument(
          await tracking.getLoggedModel(model_id, allow_deleted ? 'deleted' : undefined),
        ),
      }),
    }),
    call({
      methods: ['PATCH'],
      path: 'logged-models/:model_id',
      permission: 'write',
      request: message({ model_id: modelId, status: required(status) }),
      answer: async (request, { caller }) => {
        const model = await tracking.finalizeLoggedModel(request.model_id, statuses[request.status], caller)
        return { model: loggedModelDocument(model) }
      },
    }),
    call({
      methods: ['DELETE'],
      path: 'logged-models/:model_id',
      permission: 'write',
      request: message({ model_id: modelId }),
      answer: async ({ model_id }) => {
        await tracking.deleteLoggedModel(model_id)
        return nothing
      },
    }),
    call({
      methods: ['PATCH'],
      path: 'logged-models/:model_id/tags',
      permission: 'write',
      request: message({ model_id: modelId, tags: list(keyValue) }),
      answer: async ({ model_id, tags }) => {
        await tracking.setLoggedModelTags(model_id, textMap(tags))
        return nothing
      },
    }),
    call({
      methods: ['DELETE'],
      path: 'logged-models/:model_id/tags/:tag_key',
      permission: 'write',
      request: message({ model_id: modelId, tag_key: required(text) }),
      answer: async ({ model_id, tag_key }) => {
        await tracking.deleteLoggedModelTag(model_id, tag_key)
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'logged-models/:model_id/params',
      permission: 'write',
      audit: 'none',
      request: message({ model_id: modelId, params: list(keyValue) }),
      answer: async ({ model_id, params }) => {
        await tracking.logLoggedModelParams(model_id, textMap(params))
        return nothing
      },
    }),
    call({
      methods: ['GET'],
      path: 'logged-models/:model_id/artifacts/directories',
      permission: 'read',
      request: message({ model_id: modelId, artifact_directory_path: text }),
      answer: async ({ model_id, artifact_directory_path }) => {
        const { rootUri, entries } = await tracking.listLoggedModelArtifacts(
          model_id,
          artifact_directory_path,
        )
        return { root_uri: rootUri, files: artifactFiles(entries) }
      },
    }),
  ]
}

function datasetChoice(given: {
  readonly dataset_name: string
  readonly dataset_digest?: string | undefined
}): { name: string; digest?: string } {
  const { dataset_name, dataset_digest } = given
  return { name: dataset_name, ...(isGiven(dataset_digest) ? { digest: dataset_digest } : {}) }
}

function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function loggedModelDocument(model: LoggedModel): Json {
  return {
    info: {
      model_id: model.id,
      experiment_id: model.experimentId,
      name: model.name,
      creation_timestamp_ms: model.createdAt,
      last_updated_timestamp_ms: model.updatedAt,
      artifact_uri: model.artifactUri,
      status: statusNames[model.status],
      model_type: model.modelType,
      source_run_id: model.sourceRunId,
      status_message: model.statusMessage,
      tags: keyValues(model.tags),
    },
    data: { params: keyValues(model.params), metrics: model.metrics.map(modelMetricDocument) },
  }
}

function modelMetricDocument(metric: ModelMetric): Json {
  return {
    key: metric.key,
    value: doubleDocument(metric.value),
    timestamp: metric.timestamp,
    step: metric.step,
    dataset_name: metric.datasetName,
    dataset_digest: metric.datasetDigest,
    model_id: metric.modelId,
    run_id: metric.runId,
  }
}
