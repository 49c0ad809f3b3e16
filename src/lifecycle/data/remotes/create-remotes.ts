import type { Caller } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { Digest } from '#platform/blobs/index'
import type { Platform } from '#platform/platform'
import type { DataProject } from '../data-project.ts'
import { isConflicted, readPointer } from '../pointers/pointer-file.ts'
import type { DataStore } from '../store.ts'
import { collectGarbage, type GarbageDependencies, type GarbageRequest } from './collect-garbage.ts'
import { createDataTasks, type DataTasks, type TaskContext } from './data-tasks.ts'
import { heldByVersions } from './held-digests.ts'
import { openRemote } from './open-remote.ts'
import { createPublishedVersions, type PublishedVersions } from './published-versions.ts'
import { pullDataset } from './pull.ts'
import { pushDataset } from './push.ts'
import type { Remote, VersionPlace } from './remote.ts'
import type { RemoteTools, TransferOptions, Transferred } from './remote-tools.ts'
import type { TaskResult } from './task-calls.ts'
import { verify, type VerifyRequest } from './verify.ts'
import { createVersionRows } from './version-rows.ts'

export interface RemotesOptions {
  readonly platform: Platform
  readonly store: DataStore
  readonly project: () => Promise<DataProject>
  readonly isMasked: (dataset: string) => Promise<boolean>
  readonly named: GarbageDependencies['named']
  readonly reclaim: (request: {
    readonly before: number
    readonly dryRun: boolean
    readonly signal: AbortSignal
    /** What the versions hold, instead of what they hold now. */
    readonly heldByVersions: () => AsyncIterable<Digest>
  }) => ReturnType<GarbageDependencies['reclaim']>
}

export interface PushInput {
  readonly name?: string | undefined
  readonly version?: number | undefined
  readonly remote?: string | undefined
  readonly renumber: boolean
}

export interface PullInput {
  readonly name?: string | undefined
  /** Undefined: what the pointer file names; the newest where there is none. */
  readonly version?: number | 'latest' | 'all' | undefined
  readonly remote?: string | undefined
  readonly renumber: boolean
  readonly only?: string | undefined
}

export interface Remotes {
  readonly published: PublishedVersions
  readonly jobKinds: DataTasks['jobKinds']
  readonly tasks: Pick<DataTasks, 'get' | 'cancel'>
  push(input: PushInput, caller: Caller): ReturnType<DataTasks['start']>
  pull(input: PullInput, caller: Caller): ReturnType<DataTasks['start']>
  verify(input: VerifyRequest, caller: Caller): ReturnType<DataTasks['start']>
  collect(input: GarbageRequest, caller: Caller): ReturnType<DataTasks['start']>
  /** Everything that versions name. */
  heldDigests(): AsyncIterable<Digest>
}

/** What a task may do was asked of whoever started it. */
const asStarted = { name: 'task', permissions: new Set(['admin'] as const) } as const

export function createRemotes(options: RemotesOptions): Remotes {
  const { platform, store, project, isMasked, named, reclaim } = options
  const rows = createVersionRows(platform.database)
  const tools: RemoteTools = {
    platform,
    rows,
    version: ({ dataset, version }) => store.version(dataset, version),
  }

  const remoteOf = async (remote: string | undefined, caller: Pick<Caller, 'name' | 'permissions'>) => {
    const { directory, sections } = await project()
    return openRemote({ remote, remotes: sections.remotes ?? {}, directory }, caller)
  }

  const requireHere = async (name: string, version: number | undefined): Promise<void> => {
    const identities = await rows.identities(name)
    if (version === undefined ? identities.length > 0 : identities.some((each) => each.version === version))
      return
    fail('not_found', `Dataset "${name}" has no version${version === undefined ? '' : ` ${version}`} here.`, {
      hint: 'devmlops data list shows what there is.',
      at: name,
    })
  }

  const transfer = async (
    input: PushInput | PullInput,
    context: TaskContext,
    {
      names,
      one,
    }: {
      readonly names: (remote: Remote) => Promise<string[]>
      readonly one: (dataset: string, remote: Remote, options: TransferOptions) => Promise<Transferred[]>
    },
  ): Promise<TaskResult> => {
    const remote = await remoteOf(input.remote, asStarted)
    const versions: Transferred[] = []
    for (const dataset of input.name === undefined ? await names(remote) : [input.name]) {
      versions.push(...(await one(dataset, remote, { ...context, renumber: input.renumber })))
    }
    return { kind: 'transfer', remote: remote.name, versions }
  }

  /** In a clone of the project: the version that the commit belongs with. */
  const pointed = async (dataset: string, remote: Remote): Promise<number | 'latest'> => {
    const pointer = await readPointer((await project()).directory, dataset)
    if (pointer === undefined || isConflicted(pointer)) return 'latest'
    const { version, digest } = pointer
    const document = await remote.document({ dataset, version })
    return document?.version.digest === digest ? version : 'latest'
  }

  const held = (without?: (place: VersionPlace) => boolean): AsyncIterable<Digest> =>
    heldByVersions({ rows, blobs: platform.blobs, ...(without && { without }) })

  const tasks = createDataTasks(platform.jobs, {
    push: (input, context) => {
      const { version, ...request } = input as unknown as PushInput
      return transfer(request, context, {
        names: () => rows.datasets(),
        one: (dataset, remote, how) => pushDataset({ dataset, version, remote }, tools, how),
      })
    },
    pull: (input, context) => {
      const { version, only, ...request } = input as unknown as PullInput
      return transfer({ ...request, version }, context, {
        names: (remote) => remote.datasets(),
        one: async (dataset, remote, how) => {
          const wanted = version ?? (await pointed(dataset, remote))
          return pullDataset({ dataset, version: wanted, remote, only }, tools, how)
        },
      })
    },
    verify: (input, context) =>
      verify(input as unknown as VerifyRequest, context, {
        tools,
        remoteOf: (remote) => remoteOf(remote, asStarted),
      }),
    collect: async (input, { actor, signal, report }) => {
      const request = input as unknown as GarbageRequest
      report({})
      const garbage = await collectGarbage(
        request,
        {
          rows,
          named,
          now: () => platform.clock.now(),
          reclaim: ({ without, ...rest }) => reclaim({ ...rest, heldByVersions: () => held(without) }),
        },
        { actor, signal, report: async () => undefined },
      )
      return { kind: 'collection', applied: request.apply, ...garbage }
    },
  })

  return {
    published: createPublishedVersions({ tools, isMasked }),
    jobKinds: tasks.jobKinds,
    tasks,
    push: async (input, caller) => {
      await remoteOf(input.remote, caller)
      if (input.name !== undefined) await requireHere(input.name, input.version)
      return tasks.start('push', { ...input }, caller.name)
    },
    pull: async (input, caller) => {
      await remoteOf(input.remote, caller)
      return tasks.start('pull', { ...input }, caller.name)
    },
    verify: async (input, caller) => {
      if (input.remote !== undefined) await remoteOf(input.remote, caller)
      if (input.repair && input.remote === undefined) await remoteOf(input.from, caller)
      if (input.name !== undefined && input.remote === undefined) await requireHere(input.name, input.version)
      return tasks.start('verify', { ...input }, caller.name)
    },
    collect: (input, caller) => tasks.start('collect', { ...input }, caller.name),
    heldDigests: () => held(),
  }
}
