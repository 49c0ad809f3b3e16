import type { DatasetVersion } from '../versions/dataset-version.ts'
import type { TaskContext } from './data-tasks.ts'
import { findDamage, type FoundDamage } from './find-damage.ts'
import { complete } from './pull.ts'
import type { Remote, VersionPlace } from './remote.ts'
import type { RemoteTools } from './remote-tools.ts'
import type { TaskResult } from './task-calls.ts'
import { findDamageAt } from './verify-remote.ts'
import { identityOf, type VersionDocument } from './version-document.ts'

export interface VerifyRequest {
  readonly name?: string | undefined
  readonly version?: number | undefined
  /** Verify what this remote has. */
  readonly remote?: string | undefined
  readonly repair: boolean
  /** Where to repair from. */
  readonly from?: string | undefined
}

interface VerifyTools {
  readonly tools: RemoteTools
  readonly remoteOf: (remote: string | undefined) => Promise<Remote>
}

const mostTold = 1000

/** Finds damage of versions, here or at a remote, and mends what is here if it is asked to. */
export async function verify(
  request: VerifyRequest,
  context: TaskContext,
  { tools, remoteOf }: VerifyTools,
): Promise<TaskResult> {
  if (request.remote !== undefined) {
    const remote = await remoteOf(request.remote)
    const places = await placesAt(remote, request)
    const { damages, files } = await findDamageAt(remote, places, context)
    return resultOf({ versions: places.length, files, damages, repaired: 0 })
  }
  const versions = await versionsHere(request, tools)
  const found = await findDamage(versions, tools, context)
  if (!request.repair || found.damages.length === 0) {
    return resultOf({ versions: versions.length, ...found, repaired: 0 })
  }
  const remote = await remoteOf(request.from)
  const damaged = versions.filter(({ dataset, version }) =>
    found.damages.some((damage) => damage.dataset === dataset && damage.version === version),
  )
  for (const version of damaged) {
    const document = await documentOf(version, remote)
    if (document === undefined) continue
    const { dataset, version: number } = document.version
    const pull = { document, place: { dataset, version: number }, remote }
    const damages = found.damages.filter((damage) => damage.dataset === dataset)
    await complete(pull, version.version, { tools, options: { ...context, renumber: false }, damages })
  }
  const after = await findDamage(damaged, tools, context)
  const repaired = found.damages.length - after.damages.length
  return resultOf({ versions: versions.length, files: found.files, damages: after.damages, repaired })
}

/** The version as the remote has it, under whatever number. */
async function documentOf(version: DatasetVersion, remote: Remote): Promise<VersionDocument | undefined> {
  const { dataset } = version
  const numbers = await remote.versions(dataset)
  const likely = numbers.includes(version.version) ? [version.version] : []
  for (const number of [...likely, ...numbers]) {
    const document = await remote.document({ dataset, version: number })
    if (document !== undefined && identityOf(document.version) === identityOf(version)) return document
  }
  return undefined
}

async function versionsHere({ name, version }: VerifyRequest, tools: RemoteTools): Promise<DatasetVersion[]> {
  const versions: DatasetVersion[] = []
  for (const dataset of name === undefined ? await tools.rows.datasets() : [name]) {
    for (const identity of await tools.rows.identities(dataset)) {
      if (version !== undefined && identity.version !== version) continue
      const found = await tools.version({ dataset, version: identity.version })
      if (found !== undefined) versions.push(found)
    }
  }
  return versions
}

async function placesAt(remote: Remote, { name, version }: VerifyRequest): Promise<VersionPlace[]> {
  const places: VersionPlace[] = []
  for (const dataset of name === undefined ? await remote.datasets() : [name]) {
    for (const number of await remote.versions(dataset)) {
      if (version === undefined || version === number) places.push({ dataset, version: number })
    }
  }
  return places
}

function resultOf({
  damages,
  ...counts
}: {
  readonly versions: number
  readonly files: number
  readonly damages: readonly FoundDamage[]
  readonly repaired: number
}): TaskResult {
  return {
    kind: 'verification',
    ...counts,
    damages: damages.slice(0, mostTold),
    damaged: damages.length,
  }
}
