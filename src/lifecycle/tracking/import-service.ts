import { DevmlopsError, fail } from '#contract/errors'
import type { Platform } from '#platform/platform'
import { artifactPath } from './artifact-path.ts'
import { createArtifactStore, type ArtifactOwner, type StoredArtifact } from './artifact-store.ts'
import type { ArtifactContent } from './artifact-service.ts'
import type { DatasetInput, LifecycleStage, RunStatus } from './contract.ts'
import { createImportStore } from './import-store.ts'
import { createInputStore } from './input-store.ts'
import { checkExperimentName, checkKey, type KeyKind } from './limits.ts'
import { createMetricStore, type RunPoint } from './metric-store.ts'
import { isLater, toStored } from './metric-value.ts'
import type { LoggedModelStatus } from './logged-model-tables.ts'
import type { TrackingTables } from './tables.ts'

type Texts = Readonly<Record<string, string>>

export interface ImportedExperiment {
  readonly name: string
  readonly lifecycleStage: LifecycleStage
  readonly createdAt: number | undefined
  readonly updatedAt: number | undefined
  readonly tags: Texts
}

export interface ImportedRun {
  readonly id: string
  readonly name: string
  readonly user: string
  readonly status: RunStatus
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly lifecycleStage: LifecycleStage
  readonly deletedAt: number | undefined
  readonly params: Texts
  readonly tags: Texts
  readonly datasets: readonly DatasetInput[]
  readonly inputModels: readonly string[]
  readonly outputModels: readonly { readonly modelId: string; readonly step: number }[]
}

export interface ImportedPoint {
  readonly runNumber: number
  readonly key: string
  readonly value: number
  readonly timestamp: number
  readonly step: number
}

export interface ImportedLoggedModel {
  readonly id: string
  readonly name: string
  readonly modelType: string | undefined
  readonly status: LoggedModelStatus
  readonly statusMessage: string | undefined
  readonly sourceRunId: string | undefined
  readonly createdAt: number
  readonly updatedAt: number
  readonly deleted: boolean
  readonly params: Texts
  readonly tags: Texts
  readonly metrics: readonly {
    readonly key: string
    readonly value: number
    readonly timestamp: number
    readonly step: number
    readonly runId: string
    readonly datasetName?: string
    readonly datasetDigest?: string
  }[]
}

/** A run or logged model as it is here now. */
export interface ImportPlace {
  readonly number: number
  readonly isNew: boolean
  /** What `finishImport` kept; undefined for a run that was made here, empty for one that is not whole yet. */
  readonly mark: string | undefined
}

/** Skipped with a word, so that one bad key does not keep a run back. */
export type TellRefused = (what: string, reason: string) => void

export type ImportService = ReturnType<typeof createImportService>

/**
 * Writes what comes from another store as it was: ids, times, states, whatever its age. Only for importers: the checks of a
 * run that is active, the events and the names that clients are given are not here. Everything may be repeated.
 */
export function createImportService({ platform }: { readonly platform: Platform }) {
  const { database, blobs, clock } = platform
  const query = database.query.withTables<TrackingTables>()
  const store = createImportStore(query, database.engine)
  const inputs = createInputStore(query)
  const metricPoints = createMetricStore(query, database.engine)
  const artifacts = createArtifactStore(query, database.engine)

  return {
    /** The experiment of that name, made when there is none, with the tags that it does not have. `Default` is 0. */
    importExperiment: async (
      experiment: ImportedExperiment,
    ): Promise<{ readonly id: string; readonly isNew: boolean }> => {
      checkExperimentName(experiment.name)
      const found = await store.ensureExperiment(experiment, clock.now())
      if (found.lifecycleStage === 'deleted' && experiment.lifecycleStage === 'active') {
        fail('conflict', `A deleted experiment (${found.id}) is named "${experiment.name}".`, {
          hint: `Restore it with \`devmlops experiments restore ${found.id}\`, or give --experiment-prefix.`,
        })
      }
      return { id: String(found.id), isNew: found.isNew }
    },

    /** Runs with all but their points and artifacts; of runs that are here, what is new. */
    importRuns: async (
      experimentId: string,
      runs: readonly ImportedRun[],
      refused: TellRefused,
    ): Promise<ReadonlyMap<string, ImportPlace>> => {
      const artifactRoot = await store.artifactRoot(Number(experimentId))
      const checked = runs.map((run) => ({
        ...run,
        params: checkedTexts('param', run.params, (key, why) => refused(`run ${run.id}, param ${key}`, why)),
        tags: checkedTexts('tag', run.tags, (key, why) => refused(`run ${run.id}, tag ${key}`, why)),
      }))
      const places = await store.upsertRuns(checked, {
        experimentId: Number(experimentId),
        artifactRoot,
        now: clock.now(),
      })
      for (const run of runs) {
        const number = places.get(run.id)?.number
        if (number === undefined) continue
        if (run.datasets.length > 0)
          await inputs.addDatasets({ number, experiment_id: Number(experimentId) }, run.datasets)
        await inputs.addModels(
          number,
          'input',
          run.inputModels.map((modelId) => ({ modelId, step: 0 })),
        )
        await inputs.addModels(number, 'output', run.outputModels)
      }
      return places
    },

    /** What the runs are now, without changing anything. */
    findRuns: (ids: readonly string[]): Promise<ReadonlyMap<string, ImportPlace>> => store.findRuns(ids),

    /** Points of any runs; identical ones are one. */
    importPoints: async (points: readonly ImportedPoint[], refused: TellRefused): Promise<void> => {
      const bad = new Set<string>()
      for (const key of new Set(points.map((point) => point.key)))
        tryKey('metric', key, (name, why) => {
          bad.add(name)
          refused(`metric ${name}`, why)
        })
      const kept = bad.size === 0 ? points : points.filter(({ key }) => !bad.has(key))
      const ids = await metricPoints.keyIds(kept.map(({ key }) => key))
      const stored = kept.map((point) => ({
        runNumber: point.runNumber,
        keyId: ids.get(point.key) as number,
        ...toStored(point),
      }))
      await query.transaction().execute(async (transaction) => {
        await metricPoints.insertPoints(transaction, stored, { areNew: false })
        await metricPoints.moveLatest(transaction, latestOf(stored))
      })
    },

    importLoggedModels: async (
      experimentId: string,
      models: readonly ImportedLoggedModel[],
      refused: TellRefused,
    ): Promise<ReadonlyMap<string, ImportPlace>> => {
      const artifactRoot = await store.artifactRoot(Number(experimentId))
      const places = await store.upsertLoggedModels(models, {
        experimentId: Number(experimentId),
        artifactRoot,
        now: clock.now(),
      })
      for (const model of models) {
        const place = places.get(model.id)
        if (place === undefined || model.metrics.length === 0) continue
        const runs = await store.findRuns([...new Set(model.metrics.map(({ runId }) => runId))])
        const known = model.metrics.filter(({ runId }) => runs.has(runId))
        if (known.length < model.metrics.length)
          refused(`logged model ${model.id}`, 'a run that measured it is not there')
        const ids = await metricPoints.keyIds(known.map(({ key }) => key))
        await store.insertModelMetrics(
          place.number,
          known.map((metric) => ({
            ...toStored(metric),
            keyId: ids.get(metric.key) as number,
            runNumber: runs.get(metric.runId)?.number ?? 0,
            datasetName: metric.datasetName ?? '',
            datasetDigest: metric.datasetDigest ?? '',
          })),
        )
      }
      return places
    },

    /** What is there already, to know what is new. */
    importedArtifacts: (owner: ArtifactOwner): Promise<StoredArtifact[]> => artifacts.all(owner),

    importArtifact: async (
      owner: ArtifactOwner,
      file: { readonly path: string; readonly content: ArtifactContent },
    ): Promise<StoredArtifact> => {
      const path = artifactPath(file.path)
      const blob = await ('file' in file.content ? blobs.putFile(file.content.file) : blobs.put(file.content))
      const stored = { path, ...blob }
      const inTheWay = await artifacts.put(owner, stored, clock.now())
      if (inTheWay === undefined) return stored
      return fail('conflict', `"${inTheWay}" is in the way.`)
    },

    /** All of the run is here: the next import finds the mark. */
    finishRunImports: (marks: ReadonlyMap<number, string>): Promise<void> => store.keepMarks(marks),
  }
}

function checkedTexts(kind: KeyKind, texts: Texts, refused: TellRefused): Texts {
  return Object.fromEntries(Object.entries(texts).filter(([key]) => tryKey(kind, key, refused)))
}

function tryKey(kind: KeyKind, key: string, refused: TellRefused): boolean {
  try {
    checkKey(kind, key)
    return true
  } catch (error) {
    if (!(error instanceof DevmlopsError)) throw error
    refused(key.slice(0, 100), error.message)
    return false
  }
}

function latestOf(points: readonly RunPoint[]): RunPoint[] {
  const latest = new Map<number, Map<number, RunPoint>>()
  for (const point of points) {
    const ofRun = latest.get(point.runNumber) ?? new Map<number, RunPoint>()
    latest.set(point.runNumber, ofRun)
    const before = ofRun.get(point.keyId)
    if (before === undefined || isLater(point, before)) ofRun.set(point.keyId, point)
  }
  return [...latest.values()].flatMap((ofRun) => [...ofRun.values()])
}
