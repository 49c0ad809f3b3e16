import type { TrackingService } from '#lifecycle/tracking/index'
import { fail } from '#contract/errors'
import { call, nothing, type MlflowCall } from '../call.ts'
import { experimentDocument } from '../documents.ts'
import { list, message, required, text } from '../message.ts'
import { keyValue, textMap } from '../key-value.ts'

export function experimentCalls(tracking: TrackingService): MlflowCall[] {
  const byId = message({ experiment_id: required(text) })
  return [
    call({
      methods: ['POST'],
      path: 'experiments/create',
      permission: 'write',
      request: message({ name: required(text), artifact_location: text, tags: list(keyValue) }),
      answer: async ({ name, artifact_location, tags }) => {
        const experiment = await tracking.createExperiment({
          name,
          tags: textMap(tags),
          ...(artifact_location === undefined || artifact_location === ''
            ? {}
            : { artifactLocation: artifact_location }),
        })
        return { experiment_id: experiment.id }
      },
    }),
    call({
      methods: ['GET'],
      path: 'experiments/get',
      permission: 'read',
      request: byId,
      answer: async ({ experiment_id }) => ({
        experiment: experimentDocument(await tracking.getExperiment(experiment_id)),
      }),
    }),
    call({
      methods: ['GET'],
      path: 'experiments/get-by-name',
      permission: 'read',
      request: message({ experiment_name: required(text) }),
      answer: async ({ experiment_name }) => {
        const found = await tracking.findExperimentByName(experiment_name)
        if (found !== undefined) return { experiment: experimentDocument(found) }
        return fail('not_found', `Could not find experiment with name '${experiment_name}'`)
      },
    }),
    call({
      methods: ['POST'],
      path: 'experiments/delete',
      permission: 'write',
      request: byId,
      answer: async ({ experiment_id }) => {
        await tracking.deleteExperiment(experiment_id)
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'experiments/restore',
      permission: 'write',
      request: byId,
      answer: async ({ experiment_id }) => {
        await tracking.restoreExperiment(experiment_id)
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'experiments/update',
      permission: 'write',
      request: message({ experiment_id: required(text), new_name: required(text) }),
      answer: async ({ experiment_id, new_name }) => {
        await tracking.renameExperiment(experiment_id, new_name)
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'experiments/set-experiment-tag',
      permission: 'write',
      request: message({ experiment_id: required(text), key: required(text), value: text }),
      answer: async ({ experiment_id, key, value }) => {
        await tracking.setExperimentTags(experiment_id, { [key]: value ?? '' })
        return nothing
      },
    }),
    call({
      methods: ['POST'],
      path: 'experiments/delete-experiment-tag',
      permission: 'write',
      request: message({ experiment_id: required(text), key: required(text) }),
      answer: async ({ experiment_id, key }) => {
        await tracking.deleteExperimentTag(experiment_id, key)
        return nothing
      },
    }),
  ]
}
