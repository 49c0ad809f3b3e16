import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { DatasetConfig } from '../section.ts'
import { findFiles } from '../sources/find-files.ts'

/** What a glance at a source shows. */
export interface Glance {
  /** Differs when there may be something new. Undefined: only asking for the rows tells. */
  readonly seen: string | undefined
  /** Names to take instead of the whole source; undefined: the whole source. */
  readonly paths: readonly string[] | undefined
  /** Something is still being written. */
  readonly isUnsettled: boolean
}

interface Looking {
  readonly directory: string
  readonly home: string
  readonly now: number
  readonly settleMs: number
}

/** Looks at what is cheap to see: names, sizes and times of files, ETags of objects. Nothing is read. */
export async function lookAtSource({ source, mode }: DatasetConfig, looking: Looking): Promise<Glance> {
  if ('files' in source) return lookAtFiles(source.files, mode, looking)
  if ('s3' in source) {
    const { listObjects } = await import('../sources/collect-s3.ts')
    const objects = await listObjects(source.s3)
    return settled(digest(objects.map(({ name, object }) => `${name} ${object.etag} ${object.sizeBytes}`)))
  }
  if ('url' in source) {
    const answer = await fetch(source.url, { method: 'HEAD', signal: AbortSignal.timeout(source.timeout) })
    const tag = answer.headers.get('etag') ?? answer.headers.get('last-modified')
    return settled(answer.ok && tag !== null ? tag : undefined)
  }
  return settled(undefined)
}

async function lookAtFiles(
  files: string | readonly string[],
  mode: DatasetConfig['mode'],
  { directory, home, now, settleMs }: Looking,
): Promise<Glance> {
  const found = await findFiles(typeof files === 'string' ? [files] : files, { directory, home })
  const paths: string[] = []
  const lines: string[] = []
  let isUnsettled = false
  for (const { path, name } of found) {
    const facts = await stat(path, { bigint: true }).catch(() => undefined)
    if (facts === undefined) continue
    // Also one from the future, as a copy with its time may be, settles: by what is seen of it the next time.
    const ageMs = now - Number(facts.mtimeMs)
    if (ageMs >= 0 && ageMs < settleMs) isUnsettled = true
    else {
      paths.push(name)
      lines.push(`${name} ${facts.size} ${facts.mtimeNs} ${facts.ino}`)
    }
  }
  // Of a set that replaces all, a part would be wrong.
  if (mode === 'replace' && isUnsettled) return { seen: '', paths: [], isUnsettled }
  return { seen: digest(lines), paths, isUnsettled }
}

function settled(seen: string | undefined): Glance {
  return { seen, paths: undefined, isUnsettled: false }
}

function digest(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex')
}
