import { jsonAnswer, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { batchFromTensors } from '../rows/tensor-batch.ts'
import type { ServingContext } from '../serving-context.ts'
import { inferenceAnswer } from './inference-answer.ts'
import { readInferenceBody } from './inference-body.ts'
import { inferenceTarget, isAnswering, runInference, type ModelName } from './inference-request.ts'
import { modelConfig as configOf, modelFacts } from './model-facts.ts'

/**
 * The Open Inference Protocol, version 2, over REST (github.com/kserve/open-inference-protocol). A deployment is a model;
 * the versions of its variants are the model's versions.
 */
export async function infer(context: ServingContext, call: HttpCall, model: ModelName): Promise<HttpAnswer> {
  const target = inferenceTarget(context, call, model)
  const body = readInferenceBody(call)
  const inference = await runInference(context, call, {
    ...target,
    id: body.id,
    parameters: body.parameters,
    outputs: body.outputs.map((output) => output.name),
    readBatch: (schema, rowsLimit) => batchFromTensors(schema, body.tensors(schema), rowsLimit),
  })
  return inferenceAnswer(inference, body)
}

export function modelReady(context: ServingContext, call: HttpCall, model: ModelName): HttpAnswer {
  const { name } = model
  const { broken, unloaded } = context.table()
  if (broken.has(name) || unloaded.has(name)) return jsonAnswer(JSON.stringify({ name, ready: false }), 503)
  const target = inferenceTarget(context, call, model)
  call.metrics = []
  const ready = isAnswering(target)
  return jsonAnswer(JSON.stringify({ name, ready }), ready ? 200 : 503)
}

export function modelMetadata(context: ServingContext, call: HttpCall, model: ModelName): HttpAnswer {
  const target = inferenceTarget(context, call, model)
  call.metrics = []
  return jsonAnswer(JSON.stringify(modelFacts(target)))
}

export function modelConfig(context: ServingContext, call: HttpCall, model: ModelName): HttpAnswer {
  const target = inferenceTarget(context, call, model)
  call.metrics = []
  return jsonAnswer(JSON.stringify(configOf(modelFacts(target))))
}
