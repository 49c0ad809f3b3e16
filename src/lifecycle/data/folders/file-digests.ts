import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { Digest } from '#platform/blobs/index'
import { digestSchema } from '../versions/snapshot.ts'
import { digestOfPath } from './hash-files.ts'
import { isSettled, nowNs } from './settled-time.ts'

const knownFilesSchema = z.record(z.string(), z.object({ seen: z.string(), digest: digestSchema }))

/** The digests of files by their paths, read again only where the file has changed since the last time. */
export async function fileDigests(
  paths: readonly string[],
  { home, dataset }: { readonly home: string; readonly dataset: string },
): Promise<Map<string, Digest>> {
  const cache = join(home, 'cache', 'file-digests', `${dataset}.json`)
  const known = await readKnown(cache)
  const next: z.infer<typeof knownFilesSchema> = {}
  const digests = new Map<string, Digest>()
  for (const path of paths) {
    const now = nowNs()
    const found = await stat(path, { bigint: true }).catch(() => undefined)
    if (found === undefined) continue
    const seen = [found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ')
    const digest = known[path]?.seen === seen ? known[path].digest : await digestOfPath(path)
    if (digest === undefined) continue
    digests.set(path, digest)
    if (isSettled(found.ctimeNs, now)) next[path] = { seen, digest }
  }
  await mkdir(dirname(cache), { recursive: true, mode: 0o700 })
  await writeFile(cache, JSON.stringify(next), { mode: 0o600 })
  return digests
}

async function readKnown(path: string): Promise<z.infer<typeof knownFilesSchema>> {
  const text = await readFile(path, 'utf8').catch(() => '{}')
  try {
    return knownFilesSchema.parse(JSON.parse(text))
  } catch {
    return {}
  }
}
