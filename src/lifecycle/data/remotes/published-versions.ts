import type { Caller, Download } from '#contract/endpoint'
import { fail } from '#contract/errors'
import type { ByteRange, Digest } from '#platform/blobs/index'
import { describeVersion, type DescribedVersion } from './describe-version.ts'
import type { VersionPlace } from './remote.ts'
import type { RemoteTools } from './remote-tools.ts'
import { documentBlobs, type VersionDocument } from './version-document.ts'

export interface PublishedVersions {
  datasets(): Promise<string[]>
  versions(dataset: string): Promise<number[]>
  document(place: VersionPlace, caller: Caller): Promise<VersionDocument>
  /** Bytes that a version names; nothing else is handed out. */
  bytes(
    request: VersionPlace & { readonly digest: Digest; readonly range: Partial<ByteRange> },
    caller: Caller,
  ): Promise<Download>
}

interface Dependencies {
  readonly tools: RemoteTools
  /** Whether columns of the dataset are masked: its bytes are not. */
  readonly isMasked: (dataset: string) => Promise<boolean>
}

/** Whoever pulls a version asks for its blocks one by one, and each time it is asked whether the version has it. */
const mostDescribed = 4

/** The versions of this store as another DevMLOps pulls them. */
export function createPublishedVersions({ tools, isMasked }: Dependencies): PublishedVersions {
  const described = new Map<string, Promise<DescribedVersion>>()

  const describe = async (place: VersionPlace, caller: Caller): Promise<DescribedVersion> => {
    const { dataset, version } = place
    if (!caller.permissions.has('admin') && (await isMasked(dataset))) {
      fail(
        'permission_denied',
        `Columns of "${dataset}" are masked, and its bytes are not; ${caller.name} is no administrator.`,
        { hint: 'Ask for an export, which is masked.', at: dataset },
      )
    }
    const found =
      (await tools.version(place)) ?? fail('not_found', `Dataset "${dataset}" has no version ${version}.`)
    const key = `${dataset}@${version} ${found.digest} ${found.createdAt}`
    const known = described.get(key)
    // The last one asked for is the last to be dropped.
    described.delete(key)
    const one = known ?? describeVersion(found, version, tools)
    described.set(key, one)
    one.catch(() => described.delete(key))
    for (const old of described.keys()) if (described.size > mostDescribed) described.delete(old)
    return one
  }

  return {
    datasets: async () => {
      const names: string[] = []
      for (const name of await tools.rows.datasets()) {
        if ((await tools.rows.identities(name)).length > 0) names.push(name)
      }
      return names
    },
    versions: async (dataset) => (await tools.rows.identities(dataset)).map(({ version }) => version),
    document: async (place, caller) => (await describe(place, caller)).document,
    bytes: async ({ digest, range, ...place }, caller) => {
      const { document, layouts, blocks } = await describe(place, caller)
      const isNamed = blocks.has(digest) || documentBlobs(document).includes(digest)
      if (!isNamed) fail('not_found', `${place.dataset}@${place.version} has no bytes ${digest}.`)
      const file = { contentType: 'application/octet-stream', fileName: digest.slice('sha256:'.length) }
      const { blobs } = tools.platform
      const isLayouts = digest === document.layouts
      const size = isLayouts ? layouts.byteLength : (await blobs.head(digest))?.sizeBytes
      if (size === undefined) {
        // They may be in other blocks by now: then the next who asks for the document learns which.
        described.clear()
        fail('not_found', `The bytes ${digest} are not here.`, {
          hint: 'Pull again. If that does not help, verify the version where it is.',
        })
      }
      const first = range.first ?? 0
      const last = Math.min(range.last ?? size - 1, size - 1)
      if (first > Math.max(0, last)) fail('invalid_input', `There are ${size} bytes.`, { at: 'first' })
      const sizeBytes = size === 0 ? 0 : last - first + 1
      if (isLayouts) return { ...file, sizeBytes, body: layouts.slice(first, last + 1) }
      const isPart = sizeBytes < size
      const body = await blobs.stream(digest, isPart ? { first, last } : undefined)
      return { ...file, sizeBytes, body: ReadableStream.from(body) }
    },
  }
}
