import { fail } from '#contract/errors'
import { parseJsonBody } from '../http/json-body.ts'
import {
  headerText,
  jsonAnswer,
  objectOf,
  optionalText,
  type HttpAnswer,
  type HttpCall,
} from '../http/http-call.ts'
import { outputText } from './output-text.ts'
import { callFacts, oneIdForAll } from '../scoring/request-facts.ts'
import { predictRows, type ScoredVariantRows } from '../scoring/predict-rows.ts'
import {
  chooseVariant,
  variantOfVersion,
  type ServedDeployment,
  type ServedVariant,
} from '../routing/served-deployment.ts'
import { deploymentOf, type ServingContext } from '../serving-context.ts'
import { batchFromTensors, datatypeOf } from '../rows/tensor-batch.ts'

/**
 * The Open Inference Protocol, version 2, over REST (github.com/kserve/open-inference-protocol). A deployment is a model;
 * the versions of its variants are the model's versions.
 */
export async function infer(
  context: ServingContext,
  call: HttpCall,
  target: { readonly name: string; readonly version?: string },
): Promise<HttpAnswer> {
  const deployment = deploymentOf(context, call, target.name)
  const pinned = target.version === undefined ? undefined : variantOfVersion(deployment, target.version)
  if (call.headers['inference-header-content-length'] !== undefined) {
    fail('unsupported_media_type', 'Binary tensors are not supported; send the values as JSON in "data".')
  }
  const body = objectOf(parseJsonBody(call.body), 'The body')
  const parameters = body['parameters'] === undefined ? {} : objectOf(body['parameters'], 'parameters')
  const id = optionalText(body['id'], 'id') ?? headerText(call.headers, 'x-request-id') ?? context.newId()
  const facts = callFacts(call, parameters)
  const variant = pinned ?? chooseVariant(deployment, facts.key, id)
  call.metrics = [variant.metrics]
  const batch = batchFromTensors(variant.schema, body['inputs'], deployment.plan.limits.rowsPerRequest)
  const wanted = wantedOutputs(variant, body['outputs'])
  const [scored] = await predictRows(
    { deployment, clock: context.clock },
    [{ variant, batch, positions: undefined }],
    oneIdForAll(facts, id, batch.rows),
  )
  return jsonAnswer(inferenceText(deployment, { id, wanted }, scored as ScoredVariantRows))
}

function wantedOutputs(variant: ServedVariant, outputs: unknown): readonly number[] {
  const known = variant.plan.signature.outputs
  if (outputs === undefined || (Array.isArray(outputs) && outputs.length === 0))
    return known.map((_, index) => index)
  if (!Array.isArray(outputs)) return fail('invalid_input', 'outputs is not a list.', { at: 'outputs' })
  return outputs.map((output: unknown, index) => {
    const at = `outputs[${index}]`
    const { name } = objectOf(output, at)
    const found = known.findIndex((candidate) => candidate.name === name)
    if (found !== -1) return found
    return fail(
      'invalid_input',
      `${at}.name is not an output; the model has ${known.map((field) => field.name).join(', ')}.`,
      { at },
    )
  })
}

function inferenceText(
  deployment: ServedDeployment,
  { id, wanted }: { readonly id: string; readonly wanted: readonly number[] },
  { variant, scored }: ScoredVariantRows,
): string {
  const outputs = wanted.map((index) => {
    const field = variant.plan.signature.outputs[
      index
    ] as ServedVariant['plan']['signature']['outputs'][number]
    const column = scored.outputs[index] as (typeof scored.outputs)[number]
    let data = ''
    for (let row = 0; row < scored.rows; row++) {
      const text = outputText(column, field.type, scored.offset + row)
      data += (row === 0 ? '' : ',') + (column.width === 1 ? text : text.slice(1, -1))
    }
    const shape = column.width === 1 ? scored.rows : `${scored.rows},${column.width}`
    return `{"name":${JSON.stringify(field.name)},"shape":[${shape}],"datatype":"${datatypeOf[field.type]}","data":[${data}]}`
  })
  return `{"model_name":"${deployment.plan.name}","model_version":"${variant.plan.version}","id":${JSON.stringify(id)},"parameters":{"variant":"${variant.name}"},"outputs":[${outputs.join(',')}]}`
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

export function modelReady(
  context: ServingContext,
  call: HttpCall,
  target: { name: string; version?: string },
): HttpAnswer {
  if (context.table().broken.has(target.name))
    return jsonAnswer(JSON.stringify({ name: target.name, ready: false }), 503)
  const deployment = deploymentOf(context, call, target.name)
  call.metrics = []
  if (target.version !== undefined) variantOfVersion(deployment, target.version)
  return jsonAnswer(JSON.stringify({ name: target.name, ready: true }))
}

export function modelMetadata(
  context: ServingContext,
  call: HttpCall,
  target: { name: string; version?: string },
): HttpAnswer {
  const deployment = deploymentOf(context, call, target.name)
  call.metrics = []
  const champion = deployment.variants.find((candidate) => candidate.name === 'champion')
  const variant =
    target.version === undefined
      ? (champion ?? deployment.split.choose(target.name))
      : variantOfVersion(deployment, target.version)
  const { inputs, outputs } = variant.plan.signature
  return jsonAnswer(
    JSON.stringify({
      name: target.name,
      versions: deployment.variants.map((known) => String(known.plan.version)),
      platform: variant.model.facts.platform,
      inputs: inputs.map(({ name, type }) => ({ name, datatype: datatypeOf[type], shape: [-1, 1] })),
      outputs: outputs.map(({ name, type }) => ({ name, datatype: datatypeOf[type], shape: [-1] })),
    }),
  )
}
