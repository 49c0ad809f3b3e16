import type { IncomingHttpHeaders } from 'node:http'
import type { HttpAnswer, HttpCall, Method, Protocol, Route, RouteTable } from './http/http-call.ts'
import {
  infer,
  live,
  modelList,
  modelMetadata,
  modelReady,
  ready,
  serverMetadata,
} from './protocols/inference-protocol.ts'
import { invocations, onlyDeployment, ping } from './protocols/mlflow-protocol.ts'
import { predict } from './protocols/predict-protocol.ts'
import type { ServingContext } from './serving-context.ts'
import type { DeploymentPlan } from '../plan.ts'

/** What the composition answers itself. */
export interface OperatorRoutes {
  /** Whoever sends plans. */
  admit(headers: IncomingHttpHeaders): void
  /** Whoever asks for predictions; everybody may when it is left out. */
  readonly admitCaller?: ((headers: IncomingHttpHeaders) => void) | undefined
  putPlan(call: HttpCall): Promise<HttpAnswer>
  status(): HttpAnswer
  metrics(): HttpAnswer
}

const planBytes = 16 * 1024 * 1024
/** What `/invocations` without a name reads at most when it cannot know which deployment's limit applies. */
const unnamedBytes = 10 * 1024 * 1024

/** Every path that exists under the plan in place, spelled out: finding one is one look into a map. */
export function routeTable(context: ServingContext, operator: OperatorRoutes): RouteTable {
  const table = new Map<string, Partial<Record<Method, Route>>>()
  const { admitCaller } = operator
  const put = (method: Method, path: string, route: Route): void => {
    table.set(path, { ...table.get(path), [method]: route })
  }
  /** Routes ask for the caller's token; those that a load balancer looks at are put without it. */
  const add = (method: Method, path: string, route: Route): void =>
    put(method, path, { ...(admitCaller === undefined ? {} : { admit: admitCaller }), ...route })
  const open = (path: string, protocol: Protocol, handle: Route['handle']): void =>
    put('GET', path, { protocol, bodyBytes: 0, handle })
  const get = (path: string, protocol: Protocol, handle: Route['handle']): void =>
    add('GET', path, { protocol, bodyBytes: 0, handle })

  open('/v2', 'inference', () => serverMetadata(context))
  open('/v2/health/live', 'inference', live)
  open('/v2/health/ready', 'inference', () => ready(context))
  get('/v2/models', 'inference', () => modelList(context))
  open('/ping', 'mlflow', () => ping(context))
  open('/health', 'mlflow', () => ping(context))
  open('/version', 'mlflow', () => ({ status: 200, type: 'text/plain', body: context.version }))
  get('/metrics', 'native', () => operator.metrics())
  add('PUT', '/control/plan', {
    protocol: 'native',
    bodyBytes: planBytes,
    admit: operator.admit,
    handle: operator.putPlan,
  })
  add('GET', '/control/status', {
    protocol: 'native',
    bodyBytes: 0,
    admit: operator.admit,
    handle: operator.status,
  })

  const { deployments, broken } = context.table()
  const plans = [...deployments.values(), ...broken.values()].map((deployment) => deployment.plan)
  for (const plan of plans) addDeployment(context, plan, add)
  add('POST', '/invocations', {
    protocol: 'mlflow',
    bodyBytes: Math.max(unnamedBytes, ...plans.map((plan) => plan.limits.bodyBytes)),
    handle: (call) => invocations(context, call, onlyDeployment(context)),
  })
  return table
}

function addDeployment(
  context: ServingContext,
  { name, variants, limits: { bodyBytes } }: DeploymentPlan,
  add: (method: Method, path: string, route: Route) => void,
): void {
  const versions = variants.map((variant) => ({ name, version: String(variant.version) }))
  for (const target of [{ name }, ...versions]) {
    const path = 'version' in target ? `/v2/models/${name}/versions/${target.version}` : `/v2/models/${name}`
    const protocol = 'inference'
    add('GET', path, { protocol, bodyBytes: 0, handle: (call) => modelMetadata(context, call, target) })
    add('GET', `${path}/ready`, {
      protocol,
      bodyBytes: 0,
      handle: (call) => modelReady(context, call, target),
    })
    add('POST', `${path}/infer`, { protocol, bodyBytes, handle: (call) => infer(context, call, target) })
  }
  add('POST', `/deployments/${name}/predict`, {
    protocol: 'native',
    bodyBytes,
    handle: (call) => predict(context, call, name),
  })
  add('POST', `/deployments/${name}/invocations`, {
    protocol: 'mlflow',
    bodyBytes,
    handle: (call) => invocations(context, call, name),
  })
}
