import type { IncomingHttpHeaders } from 'node:http'
import type { ServedDeployment } from '../routing/served-deployment.ts'
import type { Refusal } from './refusal.ts'

/**
 * Fails when a request for the deployment would be turned away whichever variant answered it: reading and checking it
 * first would cost most of what it costs to answer one. Whoever has a priority says so in a header to be let through here.
 */
export function shedLoad(deployment: ServedDeployment | undefined, headers: IncomingHttpHeaders): void {
  if (deployment === undefined || headers['x-devmlops-priority'] !== undefined) return
  const { variants, plan } = deployment
  let refusal: Refusal | undefined
  for (const { model, weight } of variants) {
    if (weight === 0) continue
    refusal = model.refusal(plan.limits)
    if (refusal === undefined) return
  }
  if (refusal !== undefined) throw refusal
}
