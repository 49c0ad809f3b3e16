import type { IncomingHttpHeaders } from 'node:http'
import type { HttpAnswer, HttpCall, Method, Route, RouteTable } from './http/http-call.ts'
import { addInferenceModel, addInferenceServer, addRepositoryModel } from './protocols/inference-routes.ts'
import { alive, kserveModel, kservePredict } from './protocols/kserve-protocol.ts'
import { invocations, onlyDeployment, ping } from './protocols/mlflow-protocol.ts'
import { openApiAnswer } from './protocols/openapi-answer.ts'
import { predict } from './protocols/predict-protocol.ts'
import { modelList } from './protocols/server-facts.ts'
import { addExplanations } from './explaining/explain-routes.ts'
import type { RouteAdder } from './route-adder.ts'
import { administratorCheck } from './access/administrator.ts'
import { shedLoad } from './access/shed-load.ts'
import { unroutedMetrics, type ServingContext } from './serving-context.ts'
import type { Scope } from '../deployment/access.ts'
import type { VariantMetrics } from './metrics.ts'
import type { DeploymentPlan } from '../plan.ts'

/** What the composition answers itself. */
export interface OperatorRoutes {
  /** Whoever sends plans. */
  admit(headers: IncomingHttpHeaders): void
  /** Whoever asks for predictions, as far as the plan in place lets them. */
  admitTo(scope: Scope): NonNullable<Route['admit']>
  putPlan(call: HttpCall): Promise<HttpAnswer>
  /** Starts a process that takes the place of this one. */
  replace(): Promise<HttpAnswer>
  status(): HttpAnswer
  metrics(): HttpAnswer
}

const planBytes = 16 * 1024 * 1024
/** What `/invocations` without a name reads at most when it cannot know which deployment's limit applies. */
const unnamedBytes = 10 * 1024 * 1024

/** Every path that exists under the plan in place, spelled out: finding one is one look into a map. */
export function routeTable(context: ServingContext, operator: OperatorRoutes): RouteTable {
  const table = new Map<string, Partial<Record<Method, Route>>>()
  const admit = operator.admitTo('predict')
  const administrator = administratorCheck(operator)
  const put = (method: Method, path: string, route: Route): void => {
    table.set(path, { ...table.get(path), [method]: route })
  }
  const adder: RouteAdder = {
    add: (method, path, route) => put(method, path, { admit, ...route }),
    get: (path, protocol, handle) => adder.add('GET', path, { protocol, bodyBytes: 0, handle }),
    open: (path, protocol, handle) => put('GET', path, { protocol, bodyBytes: 0, handle }),
  }
  const { add, get, open } = adder

  addInferenceServer(context, adder)
  open('/', 'native', alive)
  get('/v1/models', 'inference', () => modelList(context))
  open('/ping', 'mlflow', () => ping(context))
  open('/health', 'mlflow', () => ping(context))
  open('/version', 'mlflow', () => ({ status: 200, type: 'text/plain', body: context.version }))
  add('GET', '/metrics', {
    protocol: 'native',
    bodyBytes: 0,
    admit: operator.admitTo('metrics'),
    handle: () => operator.metrics(),
  })
  add('PUT', '/control/plan', {
    protocol: 'native',
    bodyBytes: planBytes,
    admit: operator.admit,
    handle: operator.putPlan,
  })
  add('POST', '/control/replace', {
    protocol: 'native',
    bodyBytes: 0,
    admit: operator.admit,
    handle: operator.replace,
  })
  add('GET', '/control/status', {
    protocol: 'native',
    bodyBytes: 0,
    admit: operator.admit,
    handle: operator.status,
  })

  const { deployments, broken, unloaded } = context.table()
  const named = [...deployments.values(), ...broken.values()].map((deployment) => deployment.plan)
  const plans = [...named, ...unloaded.values()]
  for (const plan of plans) {
    const shed = (headers: IncomingHttpHeaders): void =>
      shedLoad(context.table().deployments.get(plan.name), headers)
    const metrics = (): VariantMetrics => unroutedMetrics(context, plan.name)
    const adderOf = {
      ...adder,
      add: (method, path, route) =>
        adder.add(method, path, { metrics, ...(method === 'POST' ? { shed } : {}), ...route }),
    } satisfies RouteAdder
    addInferenceModel(context, adderOf, plan)
    addRepositoryModel(context, adder, { name: plan.name, admit: administrator })
    addDeployment(context, adderOf, plan)
    addExplanations(context, adderOf, { plan, admit: operator.admitTo('explain') })
  }
  add('POST', '/invocations', {
    protocol: 'mlflow',
    bodyBytes: Math.max(unnamedBytes, ...plans.map((plan) => plan.limits.bodyBytes)),
    handle: (call) => invocations(context, call, onlyDeployment(context)),
  })
  return table
}

/** The paths of KServe's first protocol, of MLflow's and of our own. */
function addDeployment(
  context: ServingContext,
  { add, get }: RouteAdder,
  { name, limits: { bodyBytes } }: DeploymentPlan,
): void {
  get(`/v1/models/${name}`, 'inference', (call) => kserveModel(context, call, name))
  add('POST', `/v1/models/${name}:predict`, {
    protocol: 'inference',
    bodyBytes,
    handle: (call) => kservePredict(context, call, name),
  })
  get(`/deployments/${name}/openapi.json`, 'native', (call) => openApiAnswer(context, call, { name }))
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
