import { jsonAnswer, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { batchFromTensors } from '../rows/tensor-batch.ts'
import type { ServingContext } from '../serving-context.ts'
import { inferenceAnswer } from './inference-answer.ts'
import { readInferenceBody } from './inference-body.ts'
import { inferenceTarget, modelFacts, runInference, type ModelName } from './inference-request.ts'

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

export function serverMetadata({ version }: ServingContext): HttpAnswer {
  return jsonAnswer(JSON.stringify({ name: 'devmlops', version, extensions: [] }))
}

export function live(): HttpAnswer {
  return jsonAnswer('{"live":true}')
}

/** The specification's text calls the field `live`, KServe answers `ready`; clients look at the status only. */
export function ready(context: ServingContext): HttpAnswer {
  const isReady = context.ready()
  return jsonAnswer(`{"ready":${isReady},"live":true}`, isReady ? 200 : 503)
}

export function modelList(context: ServingContext): HttpAnswer {
  const { deployments, broken } = context.table()
  return jsonAnswer(JSON.stringify({ models: [...deployments.keys(), ...broken.keys()].sort() }))
}

export function modelReady(context: ServingContext, call: HttpCall, model: ModelName): HttpAnswer {
  const { name } = model
  if (context.table().broken.has(name)) return jsonAnswer(JSON.stringify({ name, ready: false }), 503)
  inferenceTarget(context, call, model)
  call.metrics = []
  return jsonAnswer(JSON.stringify({ name, ready: true }))
}

export function modelMetadata(context: ServingContext, call: HttpCall, model: ModelName): HttpAnswer {
  const target = inferenceTarget(context, call, model)
  call.metrics = []
  return jsonAnswer(JSON.stringify(modelFacts(target)))
}
