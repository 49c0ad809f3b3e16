import { fail } from '#contract/errors'
import type { OutputColumn } from '../../model-runtime-point.ts'
import type { VariantPlan } from '../../plan.ts'
import { headerText, type HttpCall } from '../http/http-call.ts'
import type { OpenBatch, RowSchema } from '../rows/row-schema.ts'
import { variantOfVersion, type ServedDeployment, type ServedVariant } from '../routing/served-deployment.ts'
import { chooseVariant } from '../routing/variant-choice.ts'
import { predictRows, type ScoredVariantRows } from '../scoring/predict-rows.ts'
import { callFacts, oneIdForAll } from '../scoring/request-facts.ts'
import { deploymentOf, type ServingContext } from '../serving-context.ts'

/** A model of the Open Inference Protocol and, when the client says it, one of its versions. */
export interface ModelName {
  readonly name: string
  readonly version?: string | undefined
}

export interface InferenceTarget {
  readonly deployment: ServedDeployment
  /** Undefined when the client leaves the choice to the deployment's traffic. */
  readonly pinned: ServedVariant | undefined
}

/** What a request of the Open Inference Protocol asks for, whether it came over REST or gRPC. */
export interface InferenceRequest extends InferenceTarget {
  readonly id: string | undefined
  readonly parameters: Readonly<Record<string, unknown>>
  /** Names of the wanted outputs; all of them when there are none. */
  readonly outputs: readonly string[]
  /** Checks the tensors against the schema of the variant that is to answer. */
  readBatch(schema: RowSchema, rowsLimit: number): OpenBatch
}

export interface Inference {
  readonly id: string
  readonly deployment: ServedDeployment
  readonly variant: ServedVariant
  readonly rows: number
  readonly outputs: readonly InferredOutput[]
}

/** Row `r` of the answer is row `offset + r` of the column. */
export interface InferredOutput {
  readonly field: VariantPlan['signature']['outputs'][number]
  readonly column: OutputColumn
  readonly offset: number
}

/** Fails with `not_found` for an unknown model or version, and counts the call for the deployment from here on. */
export function inferenceTarget(
  context: ServingContext,
  call: HttpCall,
  { name, version }: ModelName,
): InferenceTarget {
  const deployment = deploymentOf(context, call, name)
  return { deployment, pinned: version === undefined ? undefined : variantOfVersion(deployment, version) }
}

/** A model of another server is not ready while that one does not answer. */
export function isAnswering({ deployment, pinned }: InferenceTarget): boolean {
  const asked = pinned === undefined ? deployment.variants : [pinned]
  return asked.every(({ model }) => model.health === undefined)
}

export async function runInference(
  context: ServingContext,
  call: HttpCall,
  request: InferenceRequest,
): Promise<Inference> {
  const { deployment, parameters } = request
  const id = request.id ?? headerText(call.headers, 'x-request-id') ?? context.newId()
  const facts = callFacts(call, parameters)
  const variant = request.pinned ?? chooseVariant(deployment, facts, id)
  call.metrics = [variant.metrics]
  const { rowsPerRequest } = deployment.plan.limits
  const batch = variant.outcomes.reading(() => request.readBatch(variant.schema, rowsPerRequest))
  const wanted = wantedOutputs(variant, request.outputs)
  const [group] = await predictRows(
    { deployment, clock: context.clock },
    [{ variant, batch, positions: undefined }],
    oneIdForAll(facts, id, batch.rows),
  )
  const { scored } = group as ScoredVariantRows
  const outputs = wanted.map((index): InferredOutput => ({
    field: variant.plan.signature.outputs[index] as InferredOutput['field'],
    column: scored.outputs[index] as OutputColumn,
    offset: scored.offset,
  }))
  return { id, deployment, variant, rows: scored.rows, outputs }
}

function wantedOutputs({ plan }: ServedVariant, names: readonly string[]): readonly number[] {
  const known = plan.signature.outputs
  if (names.length === 0) return known.map((_, index) => index)
  return names.map((name, index) => {
    const found = known.findIndex((candidate) => candidate.name === name)
    if (found !== -1) return found
    const at = `outputs[${index}]`
    return fail(
      'invalid_input',
      `${at}.name is not an output; the model has ${known.map((field) => field.name).join(', ')}.`,
      { at },
    )
  })
}

export { modelFacts, type ModelFacts, type TensorFacts } from './model-facts.ts'
