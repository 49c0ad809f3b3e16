import type { ServingContext } from '../serving-context.ts'
import { checkHealth, inferenceServiceName } from './health-service.ts'
import { inferenceMethods, type Method } from './inference-service.ts'
import { repositoryMethods, repositoryServiceName } from './repository-service.ts'

/** How a call of a path is answered. */
export type CallMethod = { readonly isAdmitted: boolean } & (
  | { readonly kind: 'unary'; readonly answer: Method }
  | { readonly kind: 'stream' }
  | { readonly kind: 'watch' }
)

/** Every path that exists, spelled out. */
export function grpcMethods(context: ServingContext): ReadonlyMap<string, CallMethod> {
  const { open, admitted } = inferenceMethods(context)
  const repository = repositoryMethods(context)
  const methods = new Map<string, CallMethod>()
  const add = (service: string, answers: Readonly<Record<string, Method>>, isAdmitted: boolean): void => {
    for (const [name, answer] of Object.entries(answers))
      methods.set(`/${service}/${name}`, { kind: 'unary', answer, isAdmitted })
  }
  add(inferenceServiceName, open, false)
  add(inferenceServiceName, admitted, true)
  add(inferenceServiceName, repository, true)
  add(repositoryServiceName, repository, true)
  add(healthServiceName, { Check: (call) => checkHealth(context, call.body) }, false)
  methods.set(`/${inferenceServiceName}/ModelStreamInfer`, { kind: 'stream', isAdmitted: true })
  methods.set(`/${healthServiceName}/Watch`, { kind: 'watch', isAdmitted: false })
  return methods
}

const healthServiceName = 'grpc.health.v1.Health'
