import type { ModelSignature } from '#lifecycle/tracking/index'
import type { Frame } from '#platform/tables/frame'
import { buildModel, signatureOf } from './model-graph.ts'
import type { ModelPreparation } from './model-preparation.ts'
import { constantFeatures, rawFeaturesOf, readFeatures, readTrainingTable } from './training-table.ts'
import type { FeatureColumn, TableSpec } from './training-table.ts'
import { parseParameters, trainerFor } from './trainer-choice.ts'
import type { Fit, FitInput, HistoryPoint, Importance, RawFeature, Task, Trainer } from './trainer-point.ts'

export interface TrainingRequest extends TableSpec {
  readonly frame: Frame
  /** Rows that decide when to stop. */
  readonly validation?: Frame
  readonly parameters: Readonly<Record<string, unknown>>
  readonly seed: number
  /** How columns of the frame that are no raw columns are computed when the model answers. */
  readonly preparation?: ModelPreparation | undefined
  /** Written into the graph's metadata beside trainer and task, such as the version of the program. */
  readonly properties?: Readonly<Record<string, string>>
  readonly onProgress?: FitInput<unknown>['onProgress']
}

/** Plain data: it can leave a worker thread and be scored elsewhere. */
export interface FittedModel {
  readonly trainer: string
  readonly task: Task
  readonly features: readonly RawFeature[]
  /** All of them, defaults filled in. */
  readonly parameters: Readonly<Record<string, unknown>>
  readonly onnx: Uint8Array
  readonly signature: ModelSignature
  readonly importance: readonly Importance[]
  readonly history: readonly HistoryPoint[]
  readonly warnings: readonly string[]
  readonly state: unknown
}

/** @throws `invalid_input` for parameters and names, `training_failed` for data that no model can be learned from */
export function fitModel(trainer: Trainer, request: TrainingRequest): FittedModel {
  trainerFor(trainer.name, [trainer], request.task)
  const parameters = parseParameters(trainer, request.parameters)
  const table = readTrainingTable(request.frame, request)
  const features = rawFeaturesOf(request.frame, request.features)
  const { preparation } = request
  const signature = signatureOf(request.task, inputsOf(features, table.features, preparation))
  const constant = constantFeatures(table.features).map(
    (name) => `Feature "${name}" has the same value in every row, so no model can learn from it.`,
  )
  const fitted: Fit<unknown> = trainer.fit({
    task: request.task,
    table,
    parameters,
    seed: request.seed,
    ...(request.validation === undefined ? {} : { validation: readValidation(request.validation, request) }),
    ...(request.onProgress === undefined ? {} : { onProgress: request.onProgress }),
  })
  return {
    trainer: trainer.name,
    task: request.task,
    features,
    parameters: parameters as Readonly<Record<string, unknown>>,
    onnx: buildModel({
      task: request.task,
      features,
      preparation,
      graph: trainer.toGraph(
        fitted.state,
        features.map((feature) => ({ ...feature, name: preparation?.wires[feature.name] ?? feature.name })),
      ),
      properties: { ...request.properties, trainer: trainer.name, task: request.task },
    }),
    signature,
    importance: fitted.importance,
    history: fitted.history,
    warnings: [...constant, ...(fitted.warnings ?? [])],
    state: fitted.state,
  }
}

const columnTypes = { number: 'double', text: 'string', time: 'datetime' } as const

/** What the model asks for: raw columns, whether it takes them as they are or computes with them. */
function inputsOf(
  features: readonly RawFeature[],
  columns: readonly FeatureColumn[],
  preparation: ModelPreparation | undefined,
): ModelSignature['inputs'] {
  const computed = preparation?.inputs ?? []
  const plain = features.flatMap(({ name, raw }, f) => {
    if (computed.some((input) => input.name === name)) return []
    if (preparation?.wires[name] !== undefined) return []
    return [{ name, type: columnTypes[raw], required: !hasMissing(columns[f] as FeatureColumn) }]
  })
  return [
    ...plain,
    ...computed.map(({ name, kind, required }) => ({ name, type: columnTypes[kind], required })),
  ]
}

/** One score a row: the probability of the positive class, or the predicted number. The label is not needed. */
export function scoreModel(trainer: Trainer, model: FittedModel, frame: Frame): Float64Array {
  return trainer.score(model.state, { rows: frame.rows, features: readFeatures(frame, model.features) })
}

function readValidation(frame: Frame, request: TrainingRequest) {
  return readTrainingTable(frame, request)
}

function hasMissing(feature: FeatureColumn): boolean {
  return feature.kind === 'number' ? feature.values.some(Number.isNaN) : feature.codes.includes(-1)
}
