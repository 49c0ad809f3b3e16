import type { Handlers } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { MetricPoint, RunDocument, trackingContract } from './contract.ts'
import type { Metric } from './metric-store.ts'
import { pageFrom } from './page-token.ts'
import type { Run } from './run-details.ts'
import type { TrackingService } from './service.ts'

/** Calls from outside may name a run by the beginning of its id. */
export function trackingHandlers(service: TrackingService): Handlers<typeof trackingContract> {
  const { resolveRunId } = service
  return {
    listExperiments: ({ orderBy, ...search }) =>
      service.experimentPage({ ...search, orderBy: ordersOf(orderBy) }),
    createExperiment: ({ name, artifactLocation, tags }) =>
      service.createExperiment({
        name,
        tags,
        ...(artifactLocation === undefined ? {} : { artifactLocation }),
      }),
    getExperiment: ({ experimentId }) => service.getExperiment(experimentId),
    updateExperiment: async ({ experimentId, name, tags }) => {
      if (name !== undefined) await service.renameExperiment(experimentId, name)
      if (Object.keys(tags).length > 0) await service.setExperimentTags(experimentId, tags)
      return service.getExperiment(experimentId)
    },
    deleteExperiment: async ({ experimentId }) => nothing(service.deleteExperiment(experimentId)),
    restoreExperiment: async ({ experimentId }) => nothing(service.restoreExperiment(experimentId)),

    listRuns: async ({ orderBy, filter, experimentIds, statuses, tags, ...page }, { signal }) => {
      const search = {
        ...page,
        filter,
        orderBy: ordersOf(orderBy),
        ...(experimentIds === undefined ? {} : { experimentIds }),
        ...(statuses === undefined ? {} : { statuses }),
        ...(tags === undefined ? {} : { tags }),
      }
      const { items, ...next } = await service.runPage(search, signal)
      return { ...next, items: items.map(toDocument) }
    },
    createRun: async ({ experimentId, name, user, startedAt, tags }, { caller }) =>
      toDocument(
        await service.createRun({
          experimentId,
          tags,
          caller,
          ...(name === undefined ? {} : { name }),
          ...(user === undefined ? {} : { user }),
          ...(startedAt === undefined ? {} : { startedAt }),
        }),
      ),
    getRun: async ({ runId }) => toDocument(await service.getRun(await resolveRunId(runId))),
    updateRun: async ({ runId, name, status, endedAt }, { caller }) =>
      toDocument(
        await service.updateRun({
          runId: await resolveRunId(runId),
          caller,
          ...(name === undefined ? {} : { name }),
          ...(status === undefined ? {} : { status }),
          ...(endedAt === undefined ? {} : { endedAt }),
        }),
      ),
    deleteRun: async ({ runId }) => nothing(service.deleteRun(await resolveRunId(runId))),
    restoreRun: async ({ runId }) => nothing(service.restoreRun(await resolveRunId(runId))),
    logBatch: async ({ runId, metrics, params, tags }) =>
      nothing(
        service.logBatch({
          runId: await resolveRunId(runId),
          params,
          tags,
          metrics: metrics.map(({ timestamp, ...metric }) =>
            timestamp === undefined ? metric : { ...metric, timestamp },
          ),
        }),
      ),
    deleteTag: async ({ runId, key }) => nothing(service.deleteTag(await resolveRunId(runId), key)),
    logInputs: async ({ runId, datasets }) => nothing(service.logInputs(await resolveRunId(runId), datasets)),

    metricHistory: async ({ runId, key, limit, after, points }) => {
      const id = await resolveRunId(runId)
      if (points !== undefined) {
        return { items: (await service.sampleHistory(id, { key, points })).map(toPoint) }
      }
      const page = await pageFrom({ limit, after }, (window) => service.metricHistory(id, { key, ...window }))
      return { ...page, items: page.items.map(toPoint) }
    },

    listArtifacts: async ({ runId, path }) => ({
      items: await service.listArtifacts(await resolveRunId(runId), path),
    }),
    readArtifact: async ({ runId, path }) => {
      const artifact = await service.streamArtifact(await resolveRunId(runId), path)
      return {
        body: ReadableStream.from(artifact.content),
        contentType: 'application/octet-stream',
        fileName: artifact.path.split('/').at(-1) ?? 'artifact',
        sizeBytes: artifact.sizeBytes,
      }
    },
    logArtifact: async ({ runId, path }, { body }) => {
      if (body === undefined) fail('invalid_input', 'The upload has no body.', { at: 'body' })
      const content = body as unknown as AsyncIterable<Uint8Array>
      const stored = await service.logArtifact({ runId: await resolveRunId(runId), path, content })
      return { ...stored, isDirectory: false }
    },
  }
}

/** Clauses with commas between them; the names of what is sorted by have none. */
function ordersOf(text: string | undefined): string[] {
  return text === undefined || text.trim() === '' ? [] : text.split(',')
}

/** A run as JSON can carry it. */
function toDocument(run: Run): RunDocument {
  return {
    ...run,
    startedAt: run.startedAt ?? null,
    endedAt: run.endedAt ?? null,
    metrics: run.metrics.map(toPoint),
    inputs: [...run.inputs],
    inputModels: [...run.inputModels],
    outputs: [...run.outputs],
  }
}

function toPoint(metric: Metric): MetricPoint {
  return { ...metric, value: Number.isNaN(metric.value) ? 'NaN' : metric.value }
}

async function nothing(work: Promise<void>): Promise<Record<string, never>> {
  await work
  return {}
}
