import type { ServingContext } from '../serving-context.ts'
import type { GrpcContext } from './grpc-context.ts'
import { checkHealth, inferenceServiceName } from './health-service.ts'
import { inferenceMethods, type Method } from './inference-service.ts'
import { repositoryIndexMethod, repositoryModelMethods, repositoryServiceName } from './repository-service.ts'

/** Who may call a method; anybody when it is left out, as a load balancer does. */
type Admits = keyof GrpcContext['admit'] | undefined

export interface UnaryMethod {
  readonly kind: 'unary'
  readonly admits: Admits
  readonly answer: Method
}

/** How a call of a path is answered. */
export type CallMethod = UnaryMethod | { readonly kind: 'stream' | 'watch'; readonly admits: Admits }

const healthServiceName = 'grpc.health.v1.Health'

/** Every path that exists, spelled out. */
export function grpcMethods(context: ServingContext): ReadonlyMap<string, CallMethod> {
  const { open, admitted } = inferenceMethods(context)
  const methods = new Map<string, CallMethod>()
  const add = (service: string, answers: Readonly<Record<string, Method>>, admits?: Admits): void => {
    for (const [name, answer] of Object.entries(answers))
      methods.set(`/${service}/${name}`, { kind: 'unary', answer, admits })
  }
  add(inferenceServiceName, open)
  add(inferenceServiceName, admitted, 'predict')
  for (const service of [inferenceServiceName, repositoryServiceName]) {
    add(service, repositoryIndexMethod(context), 'predict')
    add(service, repositoryModelMethods(context), 'control')
  }
  add(healthServiceName, { Check: (call) => checkHealth(context, call.body) })
  methods.set(`/${inferenceServiceName}/ModelStreamInfer`, { kind: 'stream', admits: 'predict' })
  methods.set(`/${healthServiceName}/Watch`, { kind: 'watch', admits: undefined })
  return methods
}
