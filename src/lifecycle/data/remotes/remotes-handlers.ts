import type { Handlers } from '#contract/endpoint'
import type { Remotes } from './create-remotes.ts'
import type { remoteCalls } from './remote-calls.ts'
import type { taskCalls } from './task-calls.ts'

export function remotesHandlers(remotes: Remotes): Handlers<typeof remoteCalls & typeof taskCalls> {
  const { published, tasks } = remotes
  return {
    remoteDatasets: async () => ({ items: await published.datasets() }),
    remoteVersions: async ({ name }) => ({ items: await published.versions(name) }),
    remoteDocument: async ({ name, version }, { caller }) =>
      published.document({ dataset: name, version }, caller),
    remoteBlock: ({ name, version, digest, first, last }, { caller }) => {
      const range = { ...(first !== undefined && { first }), ...(last !== undefined && { last }) }
      return published.bytes({ dataset: name, version, digest, range }, caller)
    },
    push: (input, { caller }) => remotes.push(input, caller),
    pull: (input, { caller }) => remotes.pull(input, caller),
    verify: (input, { caller }) => remotes.verify(input, caller),
    collect: ({ keep, ...input }, { caller }) => remotes.collect({ keep, ...input }, caller),
    task: ({ taskId }) => tasks.get(taskId),
    cancelTask: ({ taskId }) => tasks.cancel(taskId),
  }
}
