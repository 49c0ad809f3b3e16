import type { ImportedModel, ImportedVersion } from '#lifecycle/registry/index'
import type { DatasetInput, ImportedLoggedModel, LifecycleStage, RunStatus } from '#lifecycle/tracking/index'

/** A place where MLflow keeps runs and models, read only: a folder, a database or a server. Nothing is held in memory as a whole. */
export interface MlflowSource {
  /** What it is and where, without secrets, such as `MLflow database sqlite:///mlflow.db`. */
  readonly description: string
  experiments(): AsyncIterable<SourceExperiment>
  /** The runs of an experiment in batches, in an order that stays. */
  runs(experimentId: string): AsyncIterable<SourceRun[]>
  /** All metric points of some runs that `runs` has answered, in batches. */
  points(runs: readonly SourceRun[]): AsyncIterable<SourcePoint[]>
  loggedModels(experimentId: string): AsyncIterable<SourceLoggedModel[]>
  registeredModels(): AsyncIterable<SourceRegisteredModel>
  /** The versions of a registered model by number. */
  versions(model: string): AsyncIterable<SourceVersion[]>
  /** The files below a URI that only the source can reach, such as `mlflow-artifacts:`; undefined when it cannot either. */
  files?(place: ArtifactPlace): AsyncIterable<SourceFile> | undefined
  /** Where a relative path or `mlflow-artifacts:` leads to on this machine; undefined for a source that is elsewhere. */
  readonly localBase?: string
  /** A folder of this machine that has the artifacts of a place whose URI leads nowhere. */
  movedArtifacts?(place: ArtifactPlace): Promise<string | undefined>
  /** What is there and has no place here, such as traces. */
  leftBehind(): Promise<readonly LeftBehind[]>
  close(): Promise<void>
}

export interface SourceExperiment {
  readonly id: string
  readonly name: string
  readonly lifecycleStage: LifecycleStage
  readonly createdAt: number | undefined
  readonly updatedAt: number | undefined
  readonly tags: Readonly<Record<string, string>>
}

export interface SourceRun {
  readonly id: string
  readonly experimentId: string
  readonly name: string
  readonly user: string
  readonly status: RunStatus
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly lifecycleStage: LifecycleStage
  readonly deletedAt: number | undefined
  readonly artifactUri: string
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
  readonly datasets: readonly DatasetInput[]
  readonly inputModels: readonly string[]
  readonly outputModels: readonly { readonly modelId: string; readonly step: number }[]
  /** Differs when metric points have come since. */
  readonly pointsMark: string
}

export interface SourcePoint {
  readonly runId: string
  readonly key: string
  readonly value: number
  readonly timestamp: number
  readonly step: number
}

export type SourceRegisteredModel = ImportedModel

/** As it is written here, and what only the source has. */
export interface SourceLoggedModel extends ImportedLoggedModel {
  readonly experimentId: string
  readonly artifactUri: string
}

export type SourceModelMetric = ImportedLoggedModel['metrics'][number]

export interface SourceVersion extends ImportedVersion {
  readonly model: string
  /** Where the bytes lay when the version was made, if the source says so. */
  readonly storageLocation: string | undefined
  readonly status: string
  readonly statusMessage: string | undefined
}

export interface ArtifactPlace {
  readonly uri: string
  readonly runId?: string
  readonly modelId?: string
}

export interface SourceFile {
  /** Relative to the place. */
  readonly path: string
  readonly sizeBytes: number | undefined
  /** When it changed last; undefined where nobody knows. */
  readonly changedAt?: number
  open(): Promise<AsyncIterable<Uint8Array> | { readonly file: string }>
}

export interface LeftBehind {
  readonly what: string
  readonly count: number
}
