import { fail } from '#contract/errors'
import { numberTaken } from './number-conflict.ts'
import { pushVersion } from './push-version.ts'
import type { Remote, RemoteWriting } from './remote.ts'
import type { RemoteTools, TransferOptions, Transferred } from './remote-tools.ts'
import { identityOf, type VersionIdentity } from './version-document.ts'

interface PushRequest {
  readonly dataset: string
  /** Every version when undefined. */
  readonly version: number | undefined
  readonly remote: Remote
}

/** Sends the versions of a dataset that the remote does not have, the oldest first. */
export async function pushDataset(
  { dataset, version: only, remote }: PushRequest,
  tools: RemoteTools,
  options: TransferOptions,
): Promise<Transferred[]> {
  const writable = requireWriting(remote)
  const wanted = (await tools.rows.identities(dataset)).filter(
    ({ version }) => only === undefined || version === only,
  )
  const there = await lookAround(dataset, remote)
  const results: Transferred[] = []
  for (const identity of wanted) {
    const { version } = identity
    const known = await there.numberOf(identity)
    if (known !== undefined) {
      results.push({ dataset, version, otherVersion: known, state: 'known', files: 0, blocks: 0, bytes: 0 })
      continue
    }
    const taken = there.has(version)
    if (taken && !options.renumber) {
      const document = await remote.document({ dataset, version })
      numberTaken({ dataset, version, by: document?.version, at: remote.name, pushing: true })
    }
    const found = await tools.version({ dataset, version })
    // Removed meanwhile.
    if (found === undefined) continue
    const number = taken ? there.next() : version
    results.push(await pushVersion({ version: found, number, remote: writable }, tools, options))
    there.add(number, identity)
    await tools.platform.events.emit({
      type: 'data.pushed',
      subject: `dataset/${dataset}@${version}`,
      actor: options.actor,
      payload: { dataset, version, digest: identity.digest, remote: remote.name, number },
    })
  }
  return results
}

function requireWriting(remote: Remote): Remote & { readonly writing: RemoteWriting } {
  const { writing } = remote
  return writing === undefined
    ? fail(
        'invalid_input',
        `Nothing can be pushed to ${remote.name}: it is a server, which is pulled from.`,
        {
          hint: 'Push to a folder or to s3://bucket/prefix.',
        },
      )
    : { ...remote, writing }
}

/** Which versions the remote has. Documents are read only as far as they are needed to tell. */
async function lookAround(dataset: string, remote: Remote) {
  const numbers = new Set(await remote.versions(dataset))
  const known = new Map<string, number>()
  const read = new Set<number>()
  const readOne = async (version: number): Promise<void> => {
    if (read.has(version)) return
    read.add(version)
    const document = await remote.document({ dataset, version })
    if (document !== undefined) known.set(identityOf(document.version), version)
  }
  return {
    has: (version: number): boolean => numbers.has(version),
    /** The number that the version has there. */
    numberOf: async (identity: VersionIdentity & { version: number }): Promise<number | undefined> => {
      if (!numbers.has(identity.version)) return known.get(identityOf(identity))
      await readOne(identity.version)
      const same = known.get(identityOf(identity))
      if (same !== undefined) return same
      // The number stands for another version there: this one may have got another number.
      for (const version of numbers) await readOne(version)
      return known.get(identityOf(identity))
    },
    next: (): number => Math.max(0, ...numbers) + 1,
    add: (version: number, identity: VersionIdentity): void => {
      numbers.add(version)
      read.add(version)
      known.set(identityOf(identity), version)
    },
  }
}
