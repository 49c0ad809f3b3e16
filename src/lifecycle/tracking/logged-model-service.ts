import { randomUUID } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import type { Experiment } from './contract.ts'
import { readLoggedModels } from './logged-model-details.ts'
import { searchLoggedModelNumbers, type LoggedModelSearch } from './logged-model-search.ts'
import { createLoggedModelStore, type LoggedModelRow } from './logged-model-store.ts'
import type { LoggedModelStatus } from './logged-model-tables.ts'
import {
  checkLoggedModelName,
  checkModelType,
  checkPairs,
  checkSourceRun,
  type LoggedModel,
} from './logged-model.ts'
import { randomRunName } from './run-name.ts'
import type { TrackingTables } from './tables.ts'

export interface LoggedModelRequest {
  readonly experimentId: string
  /** Some name when left out. */
  readonly name?: string
  readonly modelType?: string
  readonly sourceRunId?: string
  readonly params?: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
}

export interface LoggedModelDependencies {
  readonly platform: Pick<Platform, 'clock' | 'database' | 'events'>
  readonly query: Kysely<TrackingTables>
  activeExperiment(id: string): Promise<Experiment>
}

/** Where MLflow notes which versions were registered from a logged model. */
const versionsTag = 'mlflow.modelVersions'

/** Rules about logged models. Deleting is soft; what is deleted is found only by those who ask for it, and not changed. */
export function createLoggedModelService({ platform, query, activeExperiment }: LoggedModelDependencies) {
  const { clock, database, events } = platform
  const store = createLoggedModelStore(query, database.engine)

  const existing = async (id: string): Promise<LoggedModelRow> => (await store.byId(id)) ?? noModel(id)

  const activeModel = async (id: string): Promise<LoggedModelRow> => {
    const row = await existing(id)
    return row.lifecycle_stage === 'active' ? row : noModel(id)
  }

  const read = async ({ id, number }: Pick<LoggedModelRow, 'id' | 'number'>): Promise<LoggedModel> =>
    (await readLoggedModels(query, database.engine, [number]))[0] ?? noModel(id)

  return {
    createLoggedModel: async (request: LoggedModelRequest): Promise<LoggedModel> => {
      const { experimentId, modelType, sourceRunId, params = {}, tags = {} } = request
      if (request.name !== undefined) checkLoggedModelName(request.name)
      if (modelType !== undefined) checkModelType(modelType)
      if (sourceRunId !== undefined) checkSourceRun(sourceRunId)
      checkPairs('params', params)
      checkPairs('tags', tags)
      const experiment = await activeExperiment(experimentId)
      const id = `m-${randomUUID().replaceAll('-', '')}`
      const number = await store.insert({
        id,
        experimentId: Number(experiment.id),
        name: request.name ?? randomRunName(),
        modelType,
        sourceRunId,
        artifactUri: `${experiment.artifactLocation.replace(/\/$/, '')}/models/${id}/artifacts`,
        params,
        tags,
        now: clock.now(),
      })
      return read({ id, number })
    },

    /** Fails with `not_found`, also for a deleted one unless it is asked for. */
    getLoggedModel: async (id: string, allowed?: 'deleted'): Promise<LoggedModel> =>
      read(await (allowed === 'deleted' ? existing(id) : activeModel(id))),

    /** Says whether all its files are there. */
    finalizeLoggedModel: async (
      id: string,
      status: LoggedModelStatus,
      caller: Pick<Caller, 'name'>,
    ): Promise<LoggedModel> => {
      const row = await activeModel(id)
      await store.setStatus(row.number, status, clock.now())
      if (status === 'READY' && row.status !== 'READY') {
        await events.emit({
          type: 'logged_model.ready',
          subject: `logged-model/${id}`,
          actor: caller.name,
          payload: {
            modelId: id,
            name: row.name,
            experimentId: String(row.experiment_id),
            ...(row.source_run_id === null ? {} : { runId: row.source_run_id }),
          },
        })
      }
      return read(row)
    },

    /** Deletes softly; one that is deleted already stays so. */
    deleteLoggedModel: async (id: string): Promise<void> => {
      const row = await existing(id)
      if (row.lifecycle_stage === 'active') await store.setStage(row.number, 'deleted', clock.now())
    },

    restoreLoggedModel: async (id: string): Promise<void> => {
      const row = await existing(id)
      if (row.lifecycle_stage === 'deleted') await store.setStage(row.number, 'active', clock.now())
    },

    setLoggedModelTags: async (id: string, tags: Readonly<Record<string, string>>): Promise<void> => {
      checkPairs('tags', tags)
      await store.setTags((await activeModel(id)).number, tags)
    },

    deleteLoggedModelTag: async (id: string, key: string): Promise<void> => {
      const row = await activeModel(id)
      if (await store.deleteTag(row.number, key)) return
      fail('not_found', `No tag with key '${key}' found for model with ID '${id}'.`)
    },

    /** A param is written once: another value for it is a `conflict`, and then none is added. */
    logLoggedModelParams: async (id: string, params: Readonly<Record<string, string>>): Promise<void> => {
      checkPairs('params', params)
      const changed = await store.addParams((await activeModel(id)).number, params)
      if (changed === undefined) return
      fail(
        'conflict',
        `Changing param values is not allowed. Param with key='${changed.key}' was already logged with value='${changed.kept.slice(0, 200)}' for model ID='${id}'.`,
        { at: `params.${changed.key}` },
      )
    },

    /** Notes on the logged model that a version was registered from it. Of a model that is gone, nothing. */
    noteModelVersion: async (id: string, version: { name: string; version: string }): Promise<void> => {
      await store.changeTag(id, versionsTag, (value) => {
        const known = versionList(value)
        const noted = known.some((one) => one.name === version.name && one.version === version.version)
        return JSON.stringify(noted ? known : [...known, { name: version.name, version: version.version }])
      })
    },

    searchLoggedModels: async (
      search: LoggedModelSearch,
    ): Promise<{ models: LoggedModel[]; nextPageToken?: string }> => {
      const { numbers, ...page } = await searchLoggedModelNumbers(query, database.engine, search)
      return { models: await readLoggedModels(query, database.engine, numbers), ...page }
    },
  }
}

/** Whatever someone wrote into the tag, as a list. */
function versionList(value: string | undefined): readonly { name?: unknown; version?: unknown }[] {
  if (value === undefined) return []
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? list.filter((one) => typeof one === 'object' && one !== null) : []
  } catch {
    return []
  }
}

function noModel(id: string): never {
  return fail('not_found', `Logged model with ID '${id.slice(0, 100)}' not found.`)
}
