import { randomUUID } from 'node:crypto'
import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { createArtifactOwnerStore } from './artifact-owner-store.ts'
import type { VersionArtifacts } from './artifact-place.ts'
import { createArtifactService } from './artifact-service.ts'
import { createArtifactStore } from './artifact-store.ts'
import { createArtifactUploads } from './artifact-upload-service.ts'
import type { RunStatus } from './contract.ts'
import { reservedTags } from './contract.ts'
import { createExperimentService } from './experiment-service.ts'
import { createExperimentStore } from './experiment-store.ts'
import { createInputService } from './input-service.ts'
import { createInputStore } from './input-store.ts'
import { checkKey, cutTag, runNameOf } from './limits.ts'
import { notActive } from './log-group.ts'
import { createLogService } from './log-service.ts'
import { createLoggedModelService } from './logged-model-service.ts'
import { createMetricHistory } from './metric-history.ts'
import { createMetricStore } from './metric-store.ts'
import { readRuns, type Run } from './run-details.ts'
import { randomRunName } from './run-name.ts'
import { createRunStore, type RunRow } from './run-store.ts'
import { createSearchService } from './search-service.ts'
import type { TrackingTables } from './tables.ts'

export interface RunRequest {
  /** `0`, the default experiment, when left out. */
  readonly experimentId?: string
  readonly name?: string
  readonly user?: string
  /** Epoch milliseconds; `null` for none, now when left out. */
  readonly startedAt?: number | null
  readonly tags?: Readonly<Record<string, string>>
  readonly caller: Pick<Caller, 'name'>
}

export interface RunUpdate {
  readonly runId: string
  readonly status?: RunStatus
  readonly endedAt?: number
  readonly name?: string
  readonly caller: Pick<Caller, 'name'>
}

export interface TrackingDependencies {
  readonly platform: Platform
  /** What versions of registered models hold: the stage that has them is further down the loop. */
  readonly versionArtifacts?: VersionArtifacts
}

export type TrackingService = ReturnType<typeof createTrackingService>

/** The rules of tracking: experiments, runs, what is logged to them. The semantics are MLflow's. */
export function createTrackingService({ platform, versionArtifacts }: TrackingDependencies) {
  const { clock, database, events } = platform
  const { uploads } = platform.blobs
  const { engine } = database
  const query = database.query.withTables<TrackingTables>()
  const runs = createRunStore(query, engine)
  const metricPoints = createMetricStore(query, engine)
  const experiments = createExperimentService({ platform, store: createExperimentStore(query, engine) })

  const existingRun = async (runId: string): Promise<RunRow> => (await runs.byId(runId)) ?? noRun(runId)

  const activeRun = async (runId: string): Promise<RunRow> => mustBeActive(await existingRun(runId))

  const artifacts = createArtifactService({
    platform,
    store: createArtifactStore(query, engine),
    owners: createArtifactOwnerStore(query),
    versionArtifacts: versionArtifacts ?? (async () => undefined),
    runNumber: async (runId, active) =>
      (active === undefined ? await existingRun(runId) : await activeRun(runId)).number,
  })

  const loggedModels = createLoggedModelService({
    platform,
    query,
    activeExperiment: experiments.activeExperiment,
  })

  const read = async (row: Pick<RunRow, 'number' | 'id'>): Promise<Run> =>
    (await readRuns(query, engine, [row.number]))[0] ?? fail('not_found', `Run ${row.id} is gone.`)

  const getRun = async (runId: string): Promise<Run> => read(await existingRun(runId))

  const updateRun = async ({ runId, caller, ...change }: RunUpdate): Promise<Run> => {
    const row = await activeRun(runId)
    if (change.endedAt !== undefined) checkTime('endedAt', change.endedAt)
    const name = change.name === '' ? undefined : change.name
    await runs.update(row.number, {
      ...(change.status === undefined ? {} : { status: change.status }),
      ...(change.endedAt === undefined ? {} : { endedAt: change.endedAt }),
      ...(name === undefined ? {} : { name: cutTag(name) }),
    })
    if (change.status !== undefined && isEnd(change.status) && !isEnd(row.status)) {
      await events.emit({
        type: 'run.finished',
        subject: `run/${runId}`,
        actor: caller.name,
        payload: { runId, experimentId: String(row.experiment_id), status: change.status },
      })
    }
    return getRun(runId)
  }

  const logging = createLogService({ query, engine, metricPoints, clock })

  return {
    ...experiments,
    ...createSearchService({ database }),
    ...artifacts,
    /** Undefined where the bytes are kept in a way that takes no parts. */
    artifactUploads:
      uploads === undefined ? undefined : createArtifactUploads(uploads, artifacts.artifactRoot),
    ...loggedModels,
    ...logging,
    ...createMetricHistory({ database }),
    ...createInputService({ store: createInputStore(query), activeRun }),
    getRun,
    updateRun,

    createRun: async (request: RunRequest): Promise<Run> => {
      const { tags = {}, caller, experimentId = '0' } = request
      for (const key of Object.keys(tags)) checkKey('tag', key)
      const startedAt = request.startedAt === undefined ? clock.now() : request.startedAt
      if (startedAt !== null) checkTime('startedAt', startedAt)
      const experiment = await experiments.activeExperiment(experimentId)
      const id = randomUUID().replaceAll('-', '')
      const name = cutTag(runNameOf(request.name, tags) ?? randomRunName())
      const user = request.user ?? tags[reservedTags.user] ?? caller.name
      await runs.insert({
        id,
        experimentId: Number(experimentId),
        name,
        user,
        startedAt,
        artifactUri: `${experiment.artifactLocation.replace(/\/$/, '')}/${id}/artifacts`,
        tags: { ...mapValues(tags, cutTag), [reservedTags.runName]: name },
      })
      const payload = { runId: id, experimentId, name }
      await events.emit({ type: 'run.started', subject: `run/${id}`, actor: caller.name, payload })
      return getRun(id)
    },

    /** The full id of the run that the text names: an id, or the unique beginning of one (4 characters at least). */
    resolveRunId: async (text: string): Promise<string> => {
      if ((await runs.byId(text)) !== undefined) return text
      if (!/^[0-9a-f]{4,31}$/.test(text)) return (await existingRun(text)).id
      const [found, other] = await runs.idsWithPrefix(text, 2)
      if (found === undefined) return (await existingRun(text)).id
      if (other === undefined) return found
      return fail('invalid_input', `Several runs have an id that begins with ${text}.`, {
        hint: 'Give more characters of it.',
        at: 'runId',
      })
    },

    /** Ends the run with this status, now. */
    finishRun: (runId: string, status: RunStatus, caller: Pick<Caller, 'name'>): Promise<Run> =>
      updateRun({ runId, status, endedAt: clock.now(), caller }),

    deleteTag: async (runId: string, key: string): Promise<void> => {
      const row = await activeRun(runId)
      if (await runs.deleteTag(row.number, key)) return
      fail('not_found', `No tag with name: ${key} in run with id ${runId}`)
    },

    /** Deletes softly; a run that is deleted already stays so. */
    deleteRun: async (runId: string): Promise<void> =>
      runs.setStage((await existingRun(runId)).number, 'deleted', clock.now()),
    restoreRun: async (runId: string): Promise<void> =>
      runs.setStage((await existingRun(runId)).number, 'active', clock.now()),
  }
}

function noRun(runId: string): never {
  return fail('not_found', `Run with id=${runId} not found`, { hint: 'See `devmlops runs`.' })
}

function isEnd(status: RunStatus): boolean {
  return status === 'FINISHED' || status === 'FAILED' || status === 'KILLED'
}

function mustBeActive(row: RunRow): RunRow {
  if (row.lifecycle_stage === 'active') return row
  throw notActive(row)
}

function checkTime(at: string, time: number): void {
  if (Number.isSafeInteger(time) && time >= 0) return
  fail('invalid_input', `${at} is ${time}; a time is a whole number of milliseconds since 1970.`, { at })
}

function mapValues(
  values: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(value)]))
}
