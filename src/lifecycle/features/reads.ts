import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openValueFile, type StoredCell, type ValueFile } from './online/value-file.ts'

export type { StoredCell } from './online/value-file.ts'
export { createEvaluator } from './transforms/evaluate.ts'
export { isText, type Expression } from './transforms/expression.ts'

/** Where the values of a view's version are. The file is replaced as a whole, never changed. */
export function valuePath(home: string, view: string, version: number): string {
  return join(home, 'features', view, `${version}.values`)
}

export interface FoundValues {
  readonly found: boolean
  /** When the row that the values are of happened; epoch milliseconds. */
  readonly at: number | null
  /** Null: missing, or older than the view's time to live. */
  readonly values: Readonly<Record<string, StoredCell>>
}

export interface ValueFacts {
  readonly entity: readonly string[]
  readonly features: readonly string[]
  /** The first keys, at most a hundred: what they are made of. */
  readonly keys: readonly (readonly StoredCell[])[]
}

/** What a file of values is about, for whoever wants to look things up in it. @throws as {@link openValueReader} */
export function valueFacts(path: string): ValueFacts {
  const file = openValueFile(path)
  try {
    const { entity, features } = file.header
    const keys: (readonly StoredCell[])[] = []
    for (const entry of file.entries()) {
      keys.push(entry.key)
      if (keys.length === mostSampledKeys) break
    }
    return { entity, features, keys }
  } finally {
    file.close()
  }
}

const mostSampledKeys = 100

/** The newest values by key, for a process that answers: a look-up is three short reads and takes microseconds. */
export interface ValueReader {
  readonly watermark: number
  /** @param now epoch milliseconds; decides what is too old */
  lookup(key: readonly StoredCell[], now: number): FoundValues
  close(): void
}

/**
 * Opens what was materialized. When it is replaced, the next look-up takes the new file.
 *
 * @throws the error of the file system when nothing is materialized, unreadable_data when the file is not whole
 */
export function openValueReader(path: string): ValueReader {
  let { file, stamp } = open(path)
  const current = (): ValueFile => {
    const newest = stampOf(path)
    // A file that is gone is no reason to stop answering from the one that is open.
    if (newest === undefined || newest === stamp) return file
    const replaced = file
    ;({ file, stamp } = open(path))
    replaced.close()
    return file
  }
  return {
    get watermark() {
      return current().header.watermark
    },
    lookup: (key, now) => {
      const { header, get } = current()
      const entry = get(key)
      const isFresh = entry !== undefined && (header.ttlMs === null || entry.at >= now - header.ttlMs)
      return {
        found: entry !== undefined,
        at: entry?.at ?? null,
        values: Object.fromEntries(
          header.features.map((name, i) => [name, isFresh ? (entry.values[i] ?? null) : null]),
        ),
      }
    },
    close: () => file.close(),
  }
}

function open(path: string): { file: ValueFile; stamp: string | undefined } {
  const stamp = stampOf(path)
  return { file: openValueFile(path), stamp }
}

function stampOf(path: string): string | undefined {
  const found = statSync(path, { throwIfNoEntry: false, bigint: true })
  return found === undefined ? undefined : `${found.ino} ${found.mtimeNs}`
}
