import type { VariantPlan } from '../../plan.ts'
import { datatypeOf, type TensorDatatype } from '../rows/datatype.ts'
import type { ServedVariant } from '../routing/served-deployment.ts'
import type { InferenceTarget } from './inference-request.ts'

/** What a model says of itself, over REST and over gRPC. */
export interface ModelFacts {
  readonly name: string
  readonly versions: readonly string[]
  readonly platform: string
  readonly inputs: readonly TensorFacts[]
  readonly outputs: readonly TensorFacts[]
  readonly properties: Readonly<Record<string, string>>
}

export interface TensorFacts {
  readonly name: string
  readonly datatype: TensorDatatype
  /** -1 stands for a dimension of any size. */
  readonly shape: readonly number[]
}

export function modelFacts(target: InferenceTarget): ModelFacts {
  const { deployment } = target
  const variant = describedVariant(target)
  const { inputs, outputs } = variant.plan.signature
  return {
    name: deployment.plan.name,
    versions: deployment.variants.map((known) => String(known.plan.version)),
    platform: variant.model.facts.platform,
    inputs: inputs.map((field) => tensorFacts(field, field.shape ?? [1])),
    outputs: outputs.map((field) => tensorFacts(field, field.shape ?? [])),
    properties: propertiesOf(variant),
  }
}

/** The version that was asked for, or else the one that most requests get. */
export function describedVariant({ deployment, pinned }: InferenceTarget): ServedVariant {
  const champion = deployment.variants.find((candidate) => candidate.name === 'champion')
  return pinned ?? champion ?? deployment.split.choose(deployment.plan.name)
}

function tensorFacts(
  { name, type }: VariantPlan['signature']['inputs'][number] | VariantPlan['signature']['outputs'][number],
  shape: readonly number[],
): TensorFacts {
  return { name, datatype: datatypeOf[type], shape: [-1, ...shape] }
}

/** What the registry calls it, and what its runtime says of it, such as the labels of its classes. */
function propertiesOf({ plan, model: served }: ServedVariant): Record<string, string> {
  const { model, version, name, runId } = plan
  return {
    ...served.properties,
    model,
    version: String(version),
    variant: name,
    ...(runId === undefined ? {} : { run_id: runId }),
  }
}

/**
 * Triton's model configuration, as much of it as there is. Without a `max_batch_size` the dimension of rows is among `dims`,
 * which fits outputs that have one value per row.
 */
export function modelConfig({ name, platform, inputs, outputs }: ModelFacts): object {
  const tensors = (facts: readonly TensorFacts[]): readonly object[] =>
    facts.map((tensor) => ({
      name: tensor.name,
      data_type: `TYPE_${tensor.datatype === 'BYTES' ? 'STRING' : tensor.datatype}`,
      dims: tensor.shape,
    }))
  return {
    name,
    platform,
    backend: platform,
    max_batch_size: 0,
    input: tensors(inputs),
    output: tensors(outputs),
    version_policy: { all: {} },
  }
}
