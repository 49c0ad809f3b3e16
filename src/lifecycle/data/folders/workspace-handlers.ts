import type { Handlers } from '#contract/endpoint'
import type { TagService } from '../tags/tag-service.ts'
import type { workspaceCalls } from './workspace-calls.ts'
import type { WorkspaceService } from './workspace-service.ts'

export function workspaceHandlers(
  workspace: WorkspaceService,
  tags: TagService,
): Handlers<typeof workspaceCalls> {
  return {
    checkPointers: ({ working }) => workspace.checkPointers(working),
    status: ({ name, limit }, { signal }) => workspace.status(name, limit, signal),
    statusAll: async ({ limit }, { signal }) => ({ items: await workspace.statusAll(limit, signal) }),
    files: async ({ name, version, prefix, limit, after }) => {
      const { items, next } = await workspace.files(name, version, { prefix, limit, after })
      return next === undefined ? { items } : { items, next }
    },
    checkout: (input, { caller, signal }) => workspace.checkout(input, { caller, signal }),
    export: (input, { caller, signal }) => workspace.exportVersion(input, { caller, signal }),
    progress: async ({ name }) => ({ current: (await workspace.progress(name)) ?? null }),
    tags: async ({ name }) => ({ items: await tags.list(name) }),
    setTag: ({ name, ...wanted }, { caller }) => tags.set({ dataset: name, ...wanted }, caller),
    removeTag: ({ name, tag }, { caller }) => tags.remove(name, tag, caller),
  }
}
