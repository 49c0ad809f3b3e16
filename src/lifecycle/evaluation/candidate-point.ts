import type { ModelFormat, ModelSignature } from '#lifecycle/tracking/contract'

/** A model that MLflow's clients logged, by its files. */
export interface LoggedModel {
  /** For people, such as `flight-delays v3` or the URI. */
  readonly label: string
  /** The run that logged it, where it is one of ours. */
  readonly runId: string | undefined
  readonly files: readonly { readonly path: string; readonly digest: string; readonly sizeBytes: number }[]
  readonly signature: ModelSignature
  readonly format: ModelFormat | undefined
  /** Where it is a version already, which then gets the evaluation. */
  readonly registered: RegisteredCandidate | undefined
}

export interface RegisteredCandidate {
  readonly model: string
  readonly version: number
}

export interface KeptEvaluation {
  readonly reportDigest: string
  readonly profileDigest: string
  readonly verdict: 'passed' | 'failed' | 'no_gates'
  readonly actor: string
}

/** Extension point: candidates that no step of the pipeline hands over. The registry fills it. */
export interface CandidateSource {
  /** What `models:/…` or `runs:/…` names now. */
  find(uri: string): Promise<LoggedModel>
  /** What the `MLmodel` file in a model's folder says; fails when nothing here could run it. */
  describe(label: string, mlModel: string): Pick<LoggedModel, 'signature' | 'format' | 'runId'>
  /** The latest evaluation of a version is what gates are judged by. */
  keepEvaluation(version: RegisteredCandidate, evaluation: KeptEvaluation): Promise<void>
}

export function isModelUri(text: string): boolean {
  return /^(?:models|runs):\//.test(text)
}
