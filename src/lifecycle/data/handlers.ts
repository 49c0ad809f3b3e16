import type { Handlers } from '#contract/endpoint'
import type { dataContract } from './contract.ts'
import { diffHandlers } from './diff/diff-handlers.ts'
import { personalHandlers } from './personal/personal-handlers.ts'
import { workspaceHandlers } from './folders/workspace-handlers.ts'
import type { DataService } from './service.ts'

export function dataHandlers(service: DataService): Handlers<typeof dataContract> {
  return {
    ...workspaceHandlers(service.workspace, service.tags),
    ...diffHandlers(service.diffs),
    ...personalHandlers(service.personal),
    list: async () => ({ items: await service.list() }),
    add: ({ name, paths }, { caller }) => service.add(name, { paths }, caller),
    addAll: async (_input, { caller }) => ({ items: await service.addAll(caller) }),
    check: async ({ name, paths, now }, { caller }) => ({
      dataset: name,
      arrivals: await service.check(
        name,
        { paths, ...(now === undefined ? {} : { now: Date.parse(now) }) },
        caller,
      ),
    }),
    versions: async ({ name, limit, after }) => {
      const before = after === undefined ? undefined : Number(after)
      const items = await service.versions(name, { limit, before })
      const last = items.at(-1)
      return items.length < limit || last === undefined || last.version === 1
        ? { items }
        : { items, next: String(last.version) }
    },
    get: ({ name, version }) => service.get(name, version),
    profile: ({ name, version }) => service.profile(name, version),
    head: async ({ name, version, limit }) => {
      const { columns, rows } = await service.head(name, version, limit)
      return { columns: [...columns], rows }
    },
    rejections: async ({ name, limit }) => ({ items: await service.rejections(name, limit) }),
  }
}
