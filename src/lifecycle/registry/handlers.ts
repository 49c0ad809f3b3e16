import type { Handlers } from '#contract/endpoint'
import type { registryContract } from './contract.ts'
import type { RegistryService } from './service.ts'

export function registryHandlers(service: RegistryService): Handlers<typeof registryContract> {
  return {
    list: async ({ limit, after }) => {
      const found = await service.listModels({ limit: limit + 1, ...(after === undefined ? {} : { after }) })
      const items = found.slice(0, limit)
      const next = found.length > limit ? items.at(-1)?.name : undefined
      return next === undefined ? { items } : { items, next }
    },
    get: async ({ model, limit }) => ({
      model: await service.getModel(model),
      versions: await service.listVersions(model, limit),
      transitions: await service.transitions(model),
      stages: await service.stageTransitions(model),
    }),
    rename: async ({ model, to }, { caller }) =>
      (await service.renameModel({ from: model, to }, caller)).model,
    remove: async ({ model }, { caller }) => {
      await service.deleteModel(model, caller)
      return {}
    },
    removeVersion: async ({ model, reference }, { caller }) => {
      const { version } = await service.getVersion(model, reference)
      await service.deleteVersion({ model, version }, caller)
      return {}
    },
    update: ({ model, description, tags }) =>
      service.describeModel(model, { tags, ...(description === undefined ? {} : { description }) }),
    register: ({ runId, signature, evaluation, ...registration }, { caller }) =>
      service.register(
        {
          ...registration,
          ...(runId === undefined ? {} : { runId }),
          ...(signature === undefined ? {} : { signature }),
          ...(evaluation === undefined ? {} : { evaluation }),
        },
        caller,
      ),
    version: ({ model, reference }) => service.getVersion(model, reference),
    updateVersion: ({ model, reference, description, tags }) =>
      service.describeVersion(
        { model, reference },
        { tags, ...(description === undefined ? {} : { description }) },
      ),
    report: async ({ model, reference }) => ({ report: (await service.report(model, reference)) ?? null }),
    trace: ({ model, reference }) => service.trace(model, reference),
    file: async ({ model, reference, path }) => {
      const { content, sizeBytes } = await service.streamArtifact({ model, reference }, path)
      return {
        body: ReadableStream.from(content),
        contentType: 'application/octet-stream',
        fileName: path.split('/').at(-1) ?? 'artifact',
        sizeBytes,
      }
    },
    promote: async ({ reason, ...promotion }, { caller }) => ({
      transition: (await service.promote({ ...promotion, ...given(reason) }, caller)) ?? null,
    }),
    rollback: async ({ reason, ...rollback }, { caller }) => ({
      transition: await service.rollback({ ...rollback, ...given(reason) }, caller),
    }),
    removeAlias: async ({ reason, ...removal }, { caller }) => ({
      transition: (await service.removeAlias({ ...removal, ...given(reason) }, caller)) ?? null,
    }),
  }
}

function given(reason: string | undefined): { reason?: string } {
  return reason === undefined || reason.trim() === '' ? {} : { reason }
}
