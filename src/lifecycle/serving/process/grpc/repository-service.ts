import { refuseContent, repositoryEntries } from '../protocols/repository.ts'
import type { HttpCall } from '../http/http-call.ts'
import { refuseOthersDeployment, type ServingContext } from '../serving-context.ts'
import { decoded, encoded, type Method } from './inference-service.ts'
import { repositoryIndexMessage, repositoryIndexRequest, repositoryModelRequest } from './service-messages.ts'

/** MLServer's clients ask this service; KServe's and Triton's ask the same of the inference service. */
export const repositoryServiceName = 'inference.model_repository.ModelRepositoryService'

type Methods = Readonly<Record<string, Method>>

export function repositoryIndexMethod(context: ServingContext): Methods {
  return {
    RepositoryIndex: (call) => {
      const { ready = 0 } = decoded(repositoryIndexRequest, call) as { ready?: number }
      return encoded(repositoryIndexMessage, { models: repositoryEntries(context, ready !== 0) })
    },
  }
}

/** Takes models in and out of memory, as far as the plan names them. */
export function repositoryModelMethods({ repository }: ServingContext): Methods {
  return {
    RepositoryModelLoad: async (call) => {
      const { name, parameters } = modelAsked(call)
      refuseContent(Object.fromEntries(parameters.map((key) => [key, true])))
      await repository.load(name)
      return encoded({}, {})
    },
    RepositoryModelUnload: async (call) => {
      await repository.unload(modelAsked(call).name)
      return encoded({}, {})
    },
  }
}

function modelAsked(call: HttpCall): { readonly name: string; readonly parameters: readonly string[] } {
  const { modelName = '', parameters } = decoded(repositoryModelRequest, call) as {
    readonly modelName?: string
    readonly parameters: readonly { readonly key?: string }[]
  }
  refuseOthersDeployment(call, modelName)
  return { name: modelName, parameters: parameters.map(({ key = '' }) => key) }
}
