import type { DeploymentPlan } from '../../plan.ts'
import { jsonAnswer, type Route } from '../http/http-call.ts'
import type { RouteAdder } from '../route-adder.ts'
import type { ServingContext } from '../serving-context.ts'
import { infer, modelConfig, modelMetadata, modelReady } from './inference-protocol.ts'
import { modelStatistics } from './model-statistics.ts'
import { openApiAnswer } from './openapi-answer.ts'
import { loadModel, repositoryIndex, unloadModel } from './repository.ts'
import { live, modelList, ready, serverMetadata } from './server-facts.ts'

const protocol = 'inference'
/** Of the small requests to the repository. */
const repositoryBytes = 64 * 1024

/** The paths of the Open Inference Protocol that do not depend on what is deployed. */
export function addInferenceServer(context: ServingContext, { add, get, open }: RouteAdder): void {
  open('/v2', protocol, () => serverMetadata(context))
  open('/v2/health/live', protocol, live)
  open('/v2/health/ready', protocol, () => ready(context))
  get('/v2/models', protocol, () => modelList(context))
  get('/v2/models/stats', protocol, () => jsonAnswer(JSON.stringify(modelStatistics(context))))
  add('POST', '/v2/repository/index', {
    protocol,
    bodyBytes: repositoryBytes,
    handle: (call) => repositoryIndex(context, call),
  })
}

export function addInferenceModel(
  context: ServingContext,
  { add, get }: RouteAdder,
  { name, variants, limits: { bodyBytes } }: DeploymentPlan,
): void {
  const versions = variants.map((variant) => ({ name, version: String(variant.version) }))
  for (const model of [{ name, version: undefined }, ...versions]) {
    const path =
      model.version === undefined ? `/v2/models/${name}` : `/v2/models/${name}/versions/${model.version}`
    get(path, protocol, (call) => modelMetadata(context, call, model))
    get(`${path}/ready`, protocol, (call) => modelReady(context, call, model))
    get(`${path}/config`, protocol, (call) => modelConfig(context, call, model))
    get(`${path}/stats`, protocol, () => jsonAnswer(JSON.stringify(modelStatistics(context, model))))
    get(`${path}/docs/dataplane.json`, protocol, (call) => openApiAnswer(context, call, model))
    add('POST', `${path}/infer`, { protocol, bodyBytes, handle: (call) => infer(context, call, model) })
  }
}

/** Frees and brings back what answers, so that it takes the permission of an administrator. */
export function addRepositoryModel(
  context: ServingContext,
  { add }: RouteAdder,
  { name, admit }: { readonly name: string; readonly admit: NonNullable<Route['admit']> },
): void {
  const bodyBytes = repositoryBytes
  add('POST', `/v2/repository/models/${name}/load`, {
    protocol,
    bodyBytes,
    admit,
    handle: (call) => loadModel(context, call, name),
  })
  add('POST', `/v2/repository/models/${name}/unload`, {
    protocol,
    bodyBytes,
    admit,
    handle: (call) => unloadModel(context, call, name),
  })
}
