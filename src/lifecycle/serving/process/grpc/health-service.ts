import { fail } from '#contract/errors'
import type { ServingContext } from '../serving-context.ts'
import { decoded, encoded } from './inference-service.ts'
import { healthRequest, healthResponse } from './service-messages.ts'

/** Of `grpc.health.v1.HealthCheckResponse`. */
const serving = 1
const notServing = 2
const serviceUnknown = 3

export const inferenceServiceName = 'inference.GRPCInferenceService'
const watchEveryMs = 500

/** Asked about the whole server (""), the inference service, or a deployment by name. */
function healthOf(context: ServingContext, service: string): number {
  if (service === '' || service === inferenceServiceName) return context.ready() ? serving : notServing
  const { deployments, broken, unloaded } = context.table()
  if (broken.has(service) || unloaded.has(service)) return notServing
  return deployments.has(service) ? (context.ready() ? serving : notServing) : serviceUnknown
}

export function checkHealth(context: ServingContext, body: Buffer): Buffer {
  const service = serviceNamed(body)
  const status = healthOf(context, service)
  if (status === serviceUnknown) return fail('not_found', `There is no service "${service}".`)
  return encoded(healthResponse, { status })
}

/** Tells the state now and every change of it until the client goes, as the health protocol wants. */
export function watchHealth(
  context: ServingContext,
  body: Buffer,
  tell: (message: Buffer) => void,
): () => void {
  const service = serviceNamed(body)
  let told: number | undefined
  const look = (): void => {
    const status = healthOf(context, service)
    if (status === told) return
    told = status
    tell(encoded(healthResponse, { status }))
  }
  look()
  const timer = setInterval(look, watchEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}

function serviceNamed(body: Buffer): string {
  const { service = '' } = decoded(healthRequest, { body }) as { service?: string }
  return service
}
