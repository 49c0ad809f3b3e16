import type { Handlers } from '#contract/endpoint'
import { parseOrder } from '#platform/filter/index'
import type { loggedModelContract, LoggedModelDocument } from './logged-model-contract.ts'
import type { LoggedModelOrder } from './logged-model-search.ts'
import type { LoggedModel } from './logged-model.ts'
import type { TrackingService } from './service.ts'

export function loggedModelHandlers(service: TrackingService): Handlers<typeof loggedModelContract> {
  return {
    listLoggedModels: async ({ limit, after, experimentIds, runId, filter, orderBy }) => {
      const { models, nextPageToken } = await service.searchLoggedModels({
        limit,
        ...(after === undefined ? {} : { pageToken: after }),
        ...(experimentIds === undefined ? {} : { experimentIds }),
        ...(runId === undefined ? {} : { sourceRunId: await service.resolveRunId(runId) }),
        ...(filter === undefined ? {} : { filter }),
        ...(orderBy === undefined ? {} : { order: [orderOf(orderBy)] }),
      })
      const items = models.map(toDocument)
      return nextPageToken === undefined ? { items } : { items, next: nextPageToken }
    },
    getLoggedModel: async ({ modelId }) => toDocument(await service.getLoggedModel(modelId, 'deleted')),
    listLoggedModelArtifacts: async ({ modelId, path }) => ({
      items: (await service.listLoggedModelArtifacts(modelId, path)).entries,
    }),
    readLoggedModelArtifact: async ({ modelId, path }) => {
      const artifact = await service.findLoggedModelArtifact(modelId, path)
      return {
        body: ReadableStream.from(await service.openArtifact(artifact)),
        contentType: 'application/octet-stream',
        fileName: artifact.path.split('/').at(-1) ?? 'artifact',
        sizeBytes: artifact.sizeBytes,
      }
    },
    deleteLoggedModel: async ({ modelId }) => {
      await service.deleteLoggedModel(modelId)
      return {}
    },
    restoreLoggedModel: async ({ modelId }) => {
      await service.restoreLoggedModel(modelId)
      return {}
    },
  }
}

function orderOf(text: string): LoggedModelOrder {
  const { prefix, key, descending } = parseOrder(text)
  return { field: prefix === undefined ? key : `${prefix}.${key}`, descending }
}

/** A logged model as JSON can carry it. */
function toDocument({ sourceRunId, modelType, statusMessage, ...model }: LoggedModel): LoggedModelDocument {
  return {
    ...model,
    runId: sourceRunId ?? null,
    modelType: modelType ?? null,
    statusMessage: statusMessage ?? null,
    metrics: model.metrics.map(({ value, datasetName, datasetDigest, modelId: _model, ...metric }) => ({
      ...metric,
      value: Number.isNaN(value) ? 'NaN' : value,
      datasetName: datasetName ?? null,
      datasetDigest: datasetDigest ?? null,
    })),
  }
}
