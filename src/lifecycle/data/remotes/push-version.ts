import type { StoredBlob } from '#platform/blobs/index'
import type { DatasetVersion } from '../versions/dataset-version.ts'
import { describeVersion } from './describe-version.ts'
import { inParallel } from './in-parallel.ts'
import { numberTaken } from './number-conflict.ts'
import type { Remote, RemoteWriting } from './remote.ts'
import type { RemoteTools, TransferOptions, Transferred } from './remote-tools.ts'
import { documentBlobs, identityOf } from './version-document.ts'

export interface Push {
  readonly version: DatasetVersion
  /** The number that it gets there. */
  readonly number: number
  readonly remote: Remote & { readonly writing: RemoteWriting }
}

/**
 * Sends what is missing of a version: its blocks side by side, then the document that names them. Whoever looks at the
 * remote sees all of the version or none; what was sent before a line broke is there when it is sent again.
 */
export async function pushVersion(
  { version, number, remote }: Push,
  tools: RemoteTools,
  { signal, report }: TransferOptions,
): Promise<Transferred> {
  const { blobs } = tools.platform
  const { document, layouts, blocks, files } = await describeVersion(version, number, tools)
  await blobs.put(layouts)
  const missing: StoredBlob[] = []
  await inParallel(
    new Set([...blocks.keys(), ...documentBlobs(document)]),
    async (digest) => {
      if (await remote.writing.has(digest)) return
      const sizeBytes = blocks.get(digest) ?? (await blobs.head(digest))?.sizeBytes ?? 0
      missing.push({ digest, sizeBytes })
    },
    { limit: 16, signal },
  )
  const ofBytes = missing.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const sent = { blocks: 0, bytes: 0 }
  const { dataset } = version
  const tell = (): void =>
    report({ dataset, version: version.version, ...sent, ofBlocks: missing.length, ofBytes })
  tell()
  await inParallel(
    missing,
    async (blob) => {
      await remote.writing.send(blob, await blobs.localPath(blob.digest), (bytes) => {
        // A block may be a file of gigabytes: it is given up between its parts.
        signal.throwIfAborted()
        sent.bytes += bytes
        tell()
      })
      sent.blocks += 1
      tell()
    },
    { signal },
  )
  if (!(await remote.writing.addDocument(document))) {
    const there = await remote.document({ dataset, version: number })
    if (there === undefined || identityOf(there.version) !== identityOf(version)) {
      numberTaken({ dataset, version: number, by: there?.version, at: remote.name, pushing: true })
    }
  }
  return {
    dataset,
    version: version.version,
    otherVersion: number,
    state: 'moved',
    files,
    blocks: missing.length,
    bytes: ofBytes,
  }
}
