import { jsonAnswer, type HttpAnswer } from '../http/http-call.ts'
import type { ServingContext } from '../serving-context.ts'

/** What is answered beyond the core of the Open Inference Protocol, under the names that Triton gave. */
export const serverExtensions = [
  'binary_tensor_data',
  'model_configuration',
  'model_repository',
  'parameters',
  'schedule_policy',
  'statistics',
] as const

export function serverMetadata({ version }: ServingContext): HttpAnswer {
  return jsonAnswer(JSON.stringify({ name: 'devmlops', version, extensions: serverExtensions }))
}

export function live(): HttpAnswer {
  return jsonAnswer('{"live":true}')
}

/** The specification's text calls the field `live`, KServe answers `ready`; clients look at the status only. */
export function ready(context: ServingContext): HttpAnswer {
  const isReady = context.ready()
  return jsonAnswer(`{"ready":${isReady},"live":true}`, isReady ? 200 : 503)
}

/** Everything that the plan names, whether it answers or not. */
export function modelNames({ table }: Pick<ServingContext, 'table'>): readonly string[] {
  const { deployments, broken, unloaded } = table()
  return [...deployments.keys(), ...broken.keys(), ...unloaded.keys()].sort()
}

/** KServe's, at `/v2/models` and `/v1/models`. */
export function modelList(context: ServingContext): HttpAnswer {
  return jsonAnswer(JSON.stringify({ models: modelNames(context) }))
}
