import { fail } from '#contract/errors'
import { decodeMessage, encodeMessage, bufferOver, type Message, type Schema } from '#platform/protobuf'
import type { HttpCall } from '../http/http-call.ts'
import {
  inferenceTarget,
  isAnswering,
  modelFacts,
  runInference,
  type ModelFacts,
  type ModelName,
} from '../protocols/inference-request.ts'
import { modelStatistics } from '../protocols/model-statistics.ts'
import { serverExtensions } from '../protocols/server-facts.ts'
import { batchFromTensors } from '../rows/tensor-batch.ts'
import type { ServingContext } from '../serving-context.ts'
import { readInferRequest } from './infer-request.ts'
import { writeInferResponse } from './infer-response.ts'
import { tensorsOf } from './infer-tensors.ts'
import {
  configDatatypes,
  flagMessage,
  modelConfigResponse,
  modelMetadataMessage,
  modelNameMessage,
  serverMetadataMessage,
  statisticsMessage,
} from './service-messages.ts'

/** Answers the message in the body of the call. */
export type Method = (call: HttpCall) => Buffer | Promise<Buffer>

/** The methods of `inference.GRPCInferenceService` with one answer; those that a load balancer looks at are open. */
export function inferenceMethods(context: ServingContext): {
  readonly open: Readonly<Record<string, Method>>
  readonly admitted: Readonly<Record<string, Method>>
} {
  return {
    open: {
      ServerLive: () => flag(true),
      ServerReady: () => flag(context.ready()),
      ServerMetadata: () =>
        encoded(serverMetadataMessage, {
          name: 'devmlops',
          version: context.version,
          extensions: serverExtensions,
        }),
    },
    admitted: {
      ModelReady: (call) => modelReady(context, call),
      ModelMetadata: (call) => encoded(modelMetadataMessage, factsOf(context, call)),
      ModelConfig: (call) => encoded(modelConfigResponse, { config: configOf(factsOf(context, call)) }),
      ModelStatistics: (call) => encoded(statisticsMessage, modelStatistics(context, askedOf(call))),
      ModelInfer: (call) => modelInfer(context, call),
    },
  }
}

export async function modelInfer(context: ServingContext, call: HttpCall): Promise<Buffer> {
  const message = readInferRequest(call.body)
  const target = inferenceTarget(context, call, nameOf(message.modelName, message.modelVersion))
  const { bodyBytes } = target.deployment.plan.limits
  if (call.body.length > bodyBytes) {
    fail('payload_too_large', `The message is larger than ${bodyBytes} bytes.`, {
      hint: 'Send fewer rows per request, or raise limits.bodyBytes of the deployment.',
    })
  }
  const tensors = tensorsOf(message)
  const inference = await runInference(context, call, {
    ...target,
    id: message.id === '' ? undefined : message.id,
    parameters: message.parameters,
    outputs: message.outputs,
    readBatch: (schema, rowsLimit) => batchFromTensors(schema, tensors, rowsLimit),
  })
  return writeInferResponse(inference, message.isRaw)
}

function modelReady(context: ServingContext, call: HttpCall): Buffer {
  const model = modelNamed(call)
  const { broken, unloaded } = context.table()
  if (broken.has(model.name) || unloaded.has(model.name)) return flag(false)
  const target = inferenceTarget(context, call, model)
  call.metrics = []
  return flag(isAnswering(target))
}

function factsOf(context: ServingContext, call: HttpCall): ModelFacts {
  const target = inferenceTarget(context, call, modelNamed(call))
  call.metrics = []
  return modelFacts(target)
}

/** As much of Triton's model configuration as there is: batches of any size, and the tensors without the dimension of rows. */
function configOf({ name, platform, inputs, outputs }: ModelFacts): Message {
  const tensors = (facts: ModelFacts['inputs']): readonly object[] =>
    facts.map((tensor) => ({
      name: tensor.name,
      dataType: (configDatatypes as readonly string[]).indexOf(tensor.datatype),
      dims: tensor.shape,
    }))
  return { name, platform, maxBatchSize: 0, input: tensors(inputs), output: tensors(outputs) } as Message
}

function modelNamed(call: HttpCall): ModelName {
  const { name, version } = decoded(modelNameMessage, call) as { name?: string; version?: string }
  return nameOf(name, version)
}

/** Of statistics, all models are meant when none is named. */
function askedOf(call: HttpCall): Partial<ModelName> {
  const { name, version } = modelNamed(call)
  return name === '' ? {} : { name, version }
}

/** Protobuf has no way to leave text out: what is empty was not said. */
function nameOf(name: string | undefined, version: string | undefined): ModelName {
  return { name: name ?? '', version: version === '' ? undefined : version }
}

export function flag(value: boolean): Buffer {
  return encoded(flagMessage, value ? { flag: 1 } : {})
}

export function encoded(schema: Schema, message: object): Buffer {
  return bufferOver(encodeMessage(schema, message))
}

/** Fails with `invalid_input` for bytes that are not the message. */
export function decoded(schema: Schema, { body }: Pick<HttpCall, 'body'>): object {
  try {
    return decodeMessage(schema, body)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return fail('invalid_input', `The message is not what this method takes: ${error.message}.`)
  }
}
