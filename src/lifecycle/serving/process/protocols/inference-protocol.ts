import { fail } from '#contract/errors'
import { jsonAnswer, objectOf, optionalText, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import { batchFromTensors, datatypeOf } from '../rows/tensor-batch.ts'
import type { ServingContext } from '../serving-context.ts'
import {
  inferenceTarget,
  modelFacts,
  runInference,
  type Inference,
  type ModelName,
} from './inference-request.ts'
import { outputText } from './output-text.ts'

/**
 * The Open Inference Protocol, version 2, over REST (github.com/kserve/open-inference-protocol). A deployment is a model;
 * the versions of its variants are the model's versions.
 */
export async function infer(context: ServingContext, call: HttpCall, model: ModelName): Promise<HttpAnswer> {
  const target = inferenceTarget(context, call, model)
  if (call.headers['inference-header-content-length'] !== undefined) {
    fail('unsupported_media_type', 'Binary tensors are not supported; send the values as JSON in "data".')
  }
  const body = objectOf(parseJsonBody(call.body), 'The body')
  const inference = await runInference(context, call, {
    ...target,
    id: optionalText(body['id'], 'id'),
    parameters: body['parameters'] === undefined ? {} : objectOf(body['parameters'], 'parameters'),
    outputs: outputNames(body['outputs']),
    readBatch: (schema, rowsLimit) => batchFromTensors(schema, body['inputs'], rowsLimit),
  })
  return jsonAnswer(inferenceText(inference))
}

function outputNames(outputs: unknown): readonly string[] {
  if (outputs === undefined) return []
  if (!Array.isArray(outputs)) return fail('invalid_input', 'outputs is not a list.', { at: 'outputs' })
  return outputs.map((output: unknown, index) => {
    const at = `outputs[${index}]`
    const { name } = objectOf(output, at)
    return typeof name === 'string' ? name : fail('invalid_input', `${at}.name is not text.`, { at })
  })
}

function inferenceText({ id, deployment, variant, rows, outputs }: Inference): string {
  const tensors = outputs.map(({ field, column, offset }) => {
    let data = ''
    for (let row = 0; row < rows; row++) {
      const text = outputText(column, field.type, offset + row)
      data += (row === 0 ? '' : ',') + (column.width === 1 ? text : text.slice(1, -1))
    }
    const shape = column.width === 1 ? rows : `${rows},${column.width}`
    return `{"name":${JSON.stringify(field.name)},"shape":[${shape}],"datatype":"${datatypeOf[field.type]}","data":[${data}]}`
  })
  return `{"model_name":"${deployment.plan.name}","model_version":"${variant.plan.version}","id":${JSON.stringify(id)},"parameters":{"variant":"${variant.name}"},"outputs":[${tensors.join(',')}]}`
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
