import { messageOf } from '#contract/errors'
import type { Subscription } from '#platform/events'
import type { Log } from '#platform/log'
import type { DatasetPoint } from './dataset-point.ts'
import type { PipelineProject } from './pipeline-project.ts'
import type { PipelinesService } from './service.ts'

export interface StartOnArrivalOptions {
  readonly project: () => Promise<PipelineProject>
  readonly datasets: DatasetPoint
  readonly service: Pick<PipelinesService, 'start' | 'runs'>
  readonly log: Log
}

/** So many runs back it is looked whether an arrival has started one already: news may come twice. */
const recentRuns = 100

/**
 * Starts the pipelines that wait for a dataset. Of several versions that arrived while nobody listened the newest starts
 * them once: a run reads the newest anyway.
 */
export function startOnArrival({ project, datasets, service, log }: StartOnArrivalOptions): Subscription {
  return {
    name: 'pipelines.on_arrival',
    types: ['data.arrived'],
    handle: async ({ payload, subject, actor }) => {
      const dataset = String(payload['dataset'])
      const { pipelines } = await project()
      for (const [pipeline, { on_arrival: awaited }] of Object.entries(pipelines)) {
        if (!awaited.includes(dataset)) continue
        try {
          const { version } = await datasets.resolveDataset(dataset)
          if (version !== payload['version']) continue
          const trigger = { kind: 'data' as const, reason: subject }
          const recent = await service.runs({ pipeline, limit: recentRuns })
          if (recent.some((run) => run.trigger.kind === 'data' && run.trigger.reason === subject)) continue
          await service.start({ pipeline, parameters: {}, force: false, only: [], trigger }, { name: actor })
        } catch (error) {
          // One that cannot start must not keep the news from the others.
          log.error(
            { pipeline, dataset, error: messageOf(error) },
            'a pipeline was not started by an arrival',
          )
        }
      }
    },
  }
}
