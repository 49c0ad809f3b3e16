import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { fail } from '#contract/errors'
import { noLogFigures } from '../../deployment/log.ts'
import type { DeploymentStatus, ServingStatus } from '../../plan.ts'
import { jsonAnswer, type HttpAnswer, type HttpCall } from '../http/http-call.ts'
import { parseJsonBody } from '../http/json-body.ts'
import type { ServingMetrics } from '../metrics.ts'
import { deploymentFigures } from '../metrics/deployment-figures.ts'
import type { PlanKeeper } from './plan-keeper.ts'

/** Fails unless the request carries the token. Digests are compared, so that neither content nor length shows in time. */
/** `what` names the token in the error. */
export function bearerCheck(
  token: string,
  what = 'The control token',
): (headers: IncomingHttpHeaders) => void {
  const expected = createHash('sha256').update(`Bearer ${token}`).digest()
  return ({ authorization }) => {
    const given = createHash('sha256')
      .update(authorization ?? '')
      .digest()
    if (timingSafeEqual(given, expected)) return
    fail('unauthenticated', `${what} is missing or wrong.`, {
      hint: 'Send "Authorization: Bearer <token>" with the token that the server was started with.',
    })
  }
}

export async function putPlan(keeper: PlanKeeper, call: HttpCall): Promise<HttpAnswer> {
  const plan = await keeper.apply(parseJsonBody(call.body))
  return jsonAnswer(JSON.stringify({ revision: plan.revision }))
}

export function servingStatus(
  keeper: PlanKeeper,
  facts: { readonly ready: boolean; readonly startedAt: number; readonly metrics: ServingMetrics },
): ServingStatus {
  const { revision, deployments, broken, unloaded } = keeper.table
  const named = [...deployments.values(), ...broken.values()].map((deployment) => deployment.plan)
  const plans = [...named, ...unloaded.values()]
  const nowMs = performance.now()
  const { connections, requestsInFlight } = facts.metrics
  return {
    connections,
    requestsInFlight,
    ready: facts.ready,
    revision,
    wideDigest: keeper.plan?.wideDigest,
    startedAt: facts.startedAt,
    refused: keeper.refused,
    deployments: plans.map((plan): DeploymentStatus => {
      const reason =
        broken.get(plan.name)?.reason ?? (unloaded.has(plan.name) ? 'It was unloaded.' : undefined)
      return {
        name: plan.name,
        ready: reason === undefined,
        reason,
        variants: plan.variants.map(({ name, model, version, weight }) => {
          return { name, model, version, weight, ...facts.metrics.variant(plan.name, name).figures(nowMs) }
        }),
        figures: deploymentFigures(facts.metrics.deployment(plan.name), {
          nowMs,
          models: deployments.get(plan.name)?.variants.map(({ model: served }) => served) ?? [],
        }),
        log: keeper.logs.get(plan.name)?.figures ?? noLogFigures,
      }
    }),
  }
}
