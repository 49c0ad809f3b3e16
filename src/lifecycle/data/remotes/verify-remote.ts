import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { DevmlopsError } from '#contract/errors'
import { verified, type Digest } from '#platform/blobs/index'
import type { FoundDamage, VerifyOptions } from './find-damage.ts'
import { inParallel } from './in-parallel.ts'
import { parseLayouts } from './layouts-text.ts'
import type { Remote, VersionPlace } from './remote.ts'
import { documentBlobs } from './version-document.ts'

/** Reads every block of some versions of a remote, each once, and answers what is not there or not what it was. */
export async function findDamageAt(
  remote: Remote,
  places: readonly VersionPlace[],
  { signal, report }: VerifyOptions,
): Promise<{ readonly damages: FoundDamage[]; readonly files: number }> {
  const damages: FoundDamage[] = []
  const seen = new Map<Digest, FoundDamage['reason'] | undefined>()
  let files = 0
  for (const [index, place] of places.entries()) {
    const document = await remote.document(place)
    if (document === undefined) continue
    const check = async (digest: Digest): Promise<FoundDamage['reason'] | undefined> => {
      if (!seen.has(digest)) seen.set(digest, await reasonOf(remote, digest, place))
      return seen.get(digest)
    }
    for (const digest of documentBlobs(document)) {
      const reason = await check(digest)
      if (reason !== undefined) damages.push({ ...place, path: null, file: digest, block: digest, reason })
    }
    if (seen.get(document.layouts) !== undefined) continue
    const body = await remote.read(document.layouts, place)
    if (body === undefined) continue
    const layouts = await parseLayouts(await buffer(Readable.from(body)))
    await inParallel(layouts.blocks.keys(), async (block) => void (await check(block)), { limit: 4, signal })
    for (const { digest, segments } of layouts.files()) {
      files += 1
      for (const block of new Set(segments.map((segment) => segment.block))) {
        const reason = seen.get(block)
        if (reason !== undefined) damages.push({ ...place, path: null, file: digest, block, reason })
      }
    }
    report({ versions: index + 1, files })
  }
  return { damages, files }
}

async function reasonOf(
  remote: Remote,
  digest: Digest,
  place: VersionPlace,
): Promise<FoundDamage['reason'] | undefined> {
  const body = await remote.read(digest, place)
  if (body === undefined) return 'missing'
  try {
    for await (const _ of verified(body, digest));
    return undefined
  } catch (error) {
    if (error instanceof DevmlopsError && error.code === 'storage_corrupt') return 'changed'
    throw error
  }
}
