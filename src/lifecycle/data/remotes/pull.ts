import { fail } from '#contract/errors'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { findDamage, type FoundDamage } from './find-damage.ts'
import { numberTaken } from './number-conflict.ts'
import { pullBytes, type Pull, type PulledBytes } from './pull-version.ts'
import type { Remote } from './remote.ts'
import type { RemoteTools, TransferOptions, Transferred } from './remote-tools.ts'
import { identityOf, type VersionDocument } from './version-document.ts'

export interface PullRequest {
  readonly dataset: string
  /** `latest` is the newest there. */
  readonly version: number | 'latest' | 'all'
  readonly remote: Remote
  readonly only?: string | undefined
}

const longPullMs = 30 * 60_000

/** Brings versions here, the oldest first. What is here already is looked at, and completed if bytes are missing. */
export async function pullDataset(
  { dataset, version, remote, only }: PullRequest,
  tools: RemoteTools,
  options: TransferOptions,
): Promise<Transferred[]> {
  const numbers = await remote.versions(dataset)
  const wanted =
    version === 'all'
      ? numbers
      : version === 'latest'
        ? numbers.slice(-1)
        : numbers.filter((n) => n === version)
  if (wanted.length === 0) {
    const newest = numbers.at(-1)
    fail(
      'not_found',
      newest === undefined
        ? `${remote.name} has no version of "${dataset}".`
        : `${remote.name} has no version ${version} of "${dataset}"; the newest is ${newest}.`,
      { hint: 'Push it from where it is: devmlops data push', at: dataset },
    )
  }
  const results: Transferred[] = []
  const damageHere = damageOf(dataset, wanted, { tools, options })
  for (const number of wanted) {
    const place = { dataset, version: number }
    const document = await remote.document(place)
    // Removed there meanwhile.
    if (document === undefined) continue
    if (document.version.dataset !== dataset || document.version.version !== number) {
      fail('storage_corrupt', `What ${remote.name} has as ${dataset}@${number} is another version.`)
    }
    const local = await localNumber(document, { tools, options, remote })
    if (local.state === 'known') {
      const damages = await damageHere(local.version)
      const pull = { document, place, remote, only }
      results.push(await complete(pull, local.version, { tools, options, damages }))
      continue
    }
    const pulled = await pullFresh({ document, place, remote, only }, { tools, options })
    const { state, version: here } = await name(document, local.version, { tools, options, remote })
    results.push({ dataset, version: here, otherVersion: number, state, ...pulled })
    if (state === 'known') continue
    await tools.platform.events.emit({
      type: 'data.pulled',
      subject: `dataset/${dataset}@${here}`,
      actor: options.actor,
      payload: { dataset, version: here, digest: document.version.digest, remote: remote.name, number },
    })
  }
  return results
}

/**
 * Looks at what is here of a version, and fetches what is missing or damaged. Without that, what a disk has lost would
 * only be found when it is read.
 */
export async function complete(
  pull: Omit<Pull, 'repair'>,
  version: number,
  {
    tools,
    options,
    damages,
  }: {
    readonly tools: RemoteTools
    readonly options: TransferOptions
    readonly damages: readonly FoundDamage[]
  },
): Promise<Transferred> {
  const changed = damages.filter((damage) => damage.version === version && damage.reason === 'changed')
  const repair = {
    files: new Set(changed.filter(({ path }) => path !== null).map(({ file }) => file)),
    blocks: new Set(changed.map(({ block }) => block)),
  }
  const pulled = await pullBytes({ ...pull, repair }, tools, options)
  const state = pulled.blocks + pulled.files > 0 ? 'completed' : 'known'
  const { dataset } = pull.place
  return { dataset, version, otherVersion: pull.place.version, state, ...pulled }
}

/** What is young for an hour must be named by then: after a long pull, a short one makes all of it young again. */
async function pullFresh(
  pull: Pull,
  { tools, options }: Pick<Surroundings, 'tools' | 'options'>,
): Promise<PulledBytes> {
  const startedAt = performance.now()
  const pulled = await pullBytes(pull, tools, options)
  if (performance.now() - startedAt > longPullMs) await pullFresh(pull, { tools, options })
  return pulled
}

/** Answers the damage of versions; those that are likely to be asked for are looked at together, each block once. */
function damageOf(
  dataset: string,
  likely: readonly number[],
  { tools, options: { signal } }: Pick<Surroundings, 'tools' | 'options'>,
): (version: number) => Promise<readonly FoundDamage[]> {
  const find = async (numbers: readonly number[]): Promise<readonly FoundDamage[]> => {
    const found = await Promise.all(numbers.map((version) => tools.version({ dataset, version })))
    const versions = found.filter((version) => version !== undefined)
    return (await findDamage(versions, tools, { signal, report: () => undefined })).damages
  }
  let together: Promise<readonly FoundDamage[]> | undefined
  return (version) => (likely.includes(version) ? (together ??= find(likely)) : find([version]))
}

interface Surroundings {
  readonly tools: RemoteTools
  readonly options: TransferOptions
  readonly remote: Remote
}

/** The number that the version has here, or is to get. */
async function localNumber(
  { version }: VersionDocument,
  { tools, options, remote }: Surroundings,
): Promise<{ readonly version: number; readonly state: 'known' | 'new' }> {
  const here = await tools.rows.identities(version.dataset)
  const same = here.find((each) => identityOf(each) === identityOf(version))
  if (same !== undefined) return { version: same.version, state: 'known' }
  if (!here.some((each) => each.version === version.version))
    return { version: version.version, state: 'new' }
  if (options.renumber) return { version: (here.at(-1)?.version ?? 0) + 1, state: 'new' }
  return numberTaken({
    dataset: version.dataset,
    version: version.version,
    by: version,
    at: remote.name,
    pushing: false,
  })
}

/** Gives the version its name here, last of all. */
async function name(
  document: VersionDocument,
  number: number,
  surroundings: Surroundings,
): Promise<{ readonly version: number; readonly state: 'moved' | 'known' }> {
  const { tools } = surroundings
  const here = await tools.rows.identities(document.version.dataset)
  const parent =
    number === document.version.version
      ? document.version.parent
      : (here.findLast(({ digest }) => digest === document.parentDigest)?.version ?? null)
  const version: DatasetVersion = { ...document.version, version: number, parent }
  if (await tools.rows.add(version)) return { version: number, state: 'moved' }
  // Somebody took the number while the bytes came.
  const again = await localNumber(document, surroundings)
  return again.state === 'known'
    ? { version: again.version, state: 'known' }
    : name(document, again.version, surroundings)
}
